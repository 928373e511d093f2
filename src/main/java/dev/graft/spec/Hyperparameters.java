package dev.graft.spec;

import static dev.graft.spec.Fields.or;
import static dev.graft.spec.Fields.shown;

import dev.graft.spec.TrainingSpec.Objective;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * How to train; names are those of transformers' {@code TrainingArguments} and TRL's {@code
 * SFTConfig}, whose settings are one flat object on the wire.
 *
 * @param loraPlus rates of single factors; null = all train at the learning rate
 * @param saveSteps optimiser steps between checkpoints; 0 = steps do not decide; null = epochs do
 * @param saveMinutes time between checkpoints, at most; 0 = time does not decide
 * @param precision {@code bf16}
 * @param autocast whether low-rank paths, too, have products in that precision
 * @param tf32 whether GPUs may multiply matrices of f32 in TensorFloat-32
 * @param guards what ends a run that goes wrong
 */
public record Hyperparameters(
    StepSchedule schedule,
    Optimizer optimizer,
    @Nullable LoraPlus loraPlus,
    RowLimits rows,
    Batching batching,
    Regularisation regularisation,
    EvaluationOptions evaluation,
    @Nullable Integer saveSteps,
    double saveMinutes,
    GradientCheckpointing gradientCheckpointing,
    Precision precision,
    boolean autocast,
    boolean tf32,
    StepGuards guards) {
  private static final int MOST = Integer.MAX_VALUE;

  /** A year. */
  private static final double MOST_MINUTES = 525_600;

  /** Rows of a micro-batch are at most this many where only the batch of a step was given. */
  private static final int DEFAULT_MICRO_BATCH = 8;

  private static final String AUTO = "auto";

  /**
   * What becomes of a step whose numbers are wrong.
   *
   * @param lossSpike whether a loss far above those before it ends the run
   * @param skipNonfinite whether a step with a loss or gradients that are no finite numbers is left
   *     out; otherwise it ends the run
   */
  public record StepGuards(boolean lossSpike, boolean skipNonfinite) {}

  /**
   * How many steps there are, and how large each is.
   *
   * @param warmupSteps optimiser steps; wins over {@code warmupRatio} when > 0
   * @param warmupRatio share of all optimiser steps, rounded up
   * @param numTrainEpochs ignored when {@code maxSteps} > 0
   */
  public record StepSchedule(
      double learningRate,
      LrScheduler lrScheduler,
      int warmupSteps,
      double warmupRatio,
      double numTrainEpochs,
      int maxSteps) {}

  /**
   * Which rows a step is made of.
   *
   * @param perDeviceTrainBatchSize rows of a micro-batch
   * @param gradientAccumulationSteps micro-batches of an optimiser step
   * @param padToMultipleOf tokens that the width of a micro-batch is a multiple of
   */
  public record Batching(
      int perDeviceTrainBatchSize,
      int gradientAccumulationSteps,
      int padToMultipleOf,
      SamplingStrategy trainSamplingStrategy,
      boolean dataloaderDropLast) {}

  /**
   * AdamW.
   *
   * @param maxGradNorm global-norm clip; 0 = off
   */
  public record Optimizer(
      double weightDecay,
      double adamBeta1,
      double adamBeta2,
      double adamEpsilon,
      double maxGradNorm) {}

  /**
   * How long rows are, and how they share sequences.
   *
   * @param maxLength tokens of a row, longer ones are cut; null = the model's context
   * @param packingStrategy how rows share sequences of {@code maxLength}; null = they do not
   */
  public record RowLimits(
      @Nullable Integer maxLength,
      TruncationMode truncationMode,
      @Nullable PackingStrategy packingStrategy) {}

  /**
   * What keeps a model from learning its rows by heart.
   *
   * @param labelSmoothingFactor share of the loss that goes to the mean over the vocabulary
   * @param disableDropout the dropouts of the base are off, as TRL has it for preferences
   * @param neftuneNoiseAlpha size of the noise on embeddings in training; 0 = none
   */
  public record Regularisation(
      double labelSmoothingFactor, boolean disableDropout, double neftuneNoiseAlpha) {
    /** No smoothing, no dropout of the base, no noise. */
    public static final Regularisation NONE = new Regularisation(0, true, 0);

    public Regularisation {
      if (!(labelSmoothingFactor >= 0 && labelSmoothingFactor < 1)) {
        throw new IllegalArgumentException("label_smoothing_factor not in [0, 1)");
      }
      if (!(neftuneNoiseAlpha >= 0)) {
        throw new IllegalArgumentException("neftune_noise_alpha must be >= 0");
      }
    }
  }

  /** What becomes of a row that is too long. */
  public enum TruncationMode {
    /** The first {@code max_length} tokens are kept; TRL's. */
    KEEP_START,
    /** The last {@code max_length} tokens are kept; TRL's. */
    KEEP_END,
    /** The answer and a leading system turn stay whole, the rest loses its oldest tokens. */
    SPLIT_BUDGET,
    /** The row is a problem of the file. */
    REFUSE
  }

  /** TRL's {@code packing_strategy}. */
  public enum PackingStrategy {
    /** Best fit, the longest row first; longer rows are cut. */
    BFD,
    /** The same, after longer rows were split. */
    BFD_SPLIT,
    /** All tokens end to end, cut every {@code max_length}; tokens see across rows. */
    WRAPPED
  }

  /** The order of the rows in an epoch; transformers' names. */
  public enum SamplingStrategy {
    RANDOM,
    SEQUENTIAL,
    GROUP_BY_LENGTH
  }

  static Hyperparameters read(
      Fields fields, AdapterMethod method, Objective objective, HyperparameterAliases aliases) {
    int[] batch = batch(fields, aliases.batchSize());
    double learningRate = LearningRate.read(fields, method, objective, aliases);
    // What is wrong is told in the order in which it is read.
    var schedule = schedule(fields, learningRate, aliases.epochs());
    var optimizer = optimizer(fields);
    var rows = rows(fields);
    var batching = batching(fields, batch);
    var evaluation = EvaluationOptions.read(fields);
    Integer saveSteps = fields.integer("save_steps", 0, MOST);
    double saveMinutes = or(fields.number("save_minutes", 0, MOST_MINUTES), 5.0);
    var regularisation =
        new Hyperparameters.Regularisation(
            or(fields.number("label_smoothing_factor", 0, 0.999), 0.0),
            or(fields.bool("disable_dropout"), true),
            or(fields.number("neftune_noise_alpha", 0, 100, "usual are 5 to 15"), 0.0));
    GradientCheckpointing checkpointing = checkpointing(fields);
    LoraPlus loraPlus = LoraPlus.read(fields, method, learningRate);
    Precision precision = precision(fields);
    boolean autocast = autocast(fields, method, precision);
    boolean tf32 = or(fields.bool("tf32"), false);
    var guards = guards(fields, objective);
    refuseOthers(fields);
    return new Hyperparameters(
        schedule,
        optimizer,
        loraPlus,
        rows,
        batching,
        regularisation,
        evaluation,
        saveSteps,
        saveMinutes,
        checkpointing,
        precision,
        autocast,
        tf32,
        guards);
  }

  /** Pairs and numbers may be far above the mean of the steps before, which is no sign of harm. */
  private static Hyperparameters.StepGuards guards(Fields fields, Objective objective) {
    boolean even = !objective.pairs() && objective != Objective.REGRESSION;
    return new Hyperparameters.StepGuards(
        or(fields.bool("loss_spike_guard"), even), or(fields.bool("skip_nonfinite_steps"), false));
  }

  private static Precision precision(Fields fields) {
    boolean bf16 = or(fields.bool("bf16"), false);
    boolean fp16 = or(fields.bool("fp16"), false);
    if (bf16 && fp16) fields.refuse("fp16", "contradicts bf16: give one of them");
    if (fp16) return Precision.F16;
    return bf16 ? Precision.BF16 : Precision.F32;
  }

  private static boolean autocast(Fields fields, AdapterMethod method, Precision precision) {
    if (!or(fields.bool("autocast"), false)) return false;
    if (!precision.half()) fields.refuse("autocast", "needs bf16 or fp16: true");
    if (!(method instanceof Lora)) fields.refuse("autocast", "is for LoRA");
    return true;
  }

  private static GradientCheckpointing checkpointing(Fields fields) {
    return switch (fields.boolOr("gradient_checkpointing", AUTO)) {
      case "true" -> GradientCheckpointing.ON;
      case AUTO -> GradientCheckpointing.AUTO;
      case null, default -> GradientCheckpointing.OFF;
    };
  }

  static void write(ObjectNode json, GradientCheckpointing checkpointing) {
    switch (checkpointing) {
      case OFF -> json.put("gradient_checkpointing", false);
      case ON -> json.put("gradient_checkpointing", true);
      case AUTO -> json.put("gradient_checkpointing", AUTO);
    }
  }

  private static Hyperparameters.Optimizer optimizer(Fields fields) {
    return new Hyperparameters.Optimizer(
        or(fields.number("weight_decay", 0, 1), 0.0),
        or(fields.number("adam_beta1", 0, 0.999999), 0.9),
        or(fields.number("adam_beta2", 0, 0.9999999), 0.999),
        or(fields.number("adam_epsilon", 1e-20, 0.01, "usual is 1e-8"), 1e-8),
        or(fields.number("max_grad_norm", 0, 1e9), 1.0));
  }

  private static Hyperparameters.RowLimits rows(Fields fields) {
    return new Hyperparameters.RowLimits(
        maxLength(fields),
        or(fields.choice("truncation_mode", TruncationMode.class), TruncationMode.KEEP_START),
        packing(fields));
  }

  private static Hyperparameters.Batching batching(Fields fields, int[] batch) {
    return new Hyperparameters.Batching(
        batch[0],
        batch[1],
        or(fields.integer("pad_to_multiple_of", 1, 4096), 1),
        or(
            fields.choice("train_sampling_strategy", SamplingStrategy.class),
            SamplingStrategy.RANDOM),
        or(fields.bool("dataloader_drop_last"), false));
  }

  private static Hyperparameters.StepSchedule schedule(
      Fields fields, double learningRate, @Nullable Integer epochs) {
    return new Hyperparameters.StepSchedule(
        learningRate,
        LrScheduler.LrSchedulerFields.read(fields, learningRate),
        or(fields.integer("warmup_steps", 0, MOST), 0),
        or(fields.number("warmup_ratio", 0, 1), 0.0),
        epochs(fields, epochs),
        Math.max(0, or(fields.integer("max_steps", -1, MOST), 0)));
  }

  private static double epochs(Fields fields, @Nullable Integer alias) {
    Double explicit = fields.number("num_train_epochs", 1e-6, 10_000);
    Double byAlias = alias == null ? null : Double.valueOf(alias);
    return AdapterMethods.agree(fields, "num_train_epochs", explicit, byAlias, "n_epochs", 3.0);
  }

  /** Rows of a micro-batch, and micro-batches of a step. */
  private static int[] batch(Fields fields, @Nullable Integer batchSize) {
    Integer rows = fields.integer("per_device_train_batch_size", 1, 4096);
    Integer accumulation = fields.integer("gradient_accumulation_steps", 1, 100_000);
    if (batchSize == null) {
      return new int[] {or(rows, DEFAULT_MICRO_BATCH), or(accumulation, 1)};
    }
    if (rows == null && accumulation == null) rows = divisor(batchSize, DEFAULT_MICRO_BATCH);
    int micro = rows != null ? rows : Math.max(1, batchSize / or(accumulation, 1));
    int windows = accumulation != null ? accumulation : Math.max(1, batchSize / micro);
    if ((long) micro * windows != batchSize) {
      fields.refuse(
          rows != null ? "per_device_train_batch_size" : "gradient_accumulation_steps",
          "does not make up hyperparameters' batch_size " + batchSize);
    }
    return new int[] {micro, windows};
  }

  private static int divisor(int number, int atMost) {
    int divisor = Math.min(number, atMost);
    while (number % divisor != 0) divisor--;
    return divisor;
  }

  private static @Nullable Integer maxLength(Fields fields) {
    Integer length = fields.integer("max_length", 2, 1 << 20);
    return length != null || fields.isNull("max_length") ? length : Integer.valueOf(1024);
  }

  /** Null where rows are not packed. */
  private static @Nullable PackingStrategy packing(Fields fields) {
    Boolean packing = fields.bool("packing");
    PackingStrategy strategy = fields.choice("packing_strategy", PackingStrategy.class);
    if (packing == null || !packing) return null;
    return or(strategy, PackingStrategy.BFD);
  }

  private static void refuseOthers(Fields fields) {
    fields.notYet("optim", "adamw_torch", "adamw_torch_fused");
    fields.refuseUnknown();
  }

  /**
   * When the validation file is looked at and what follows from it; names are transformers'.
   *
   * @param evalSteps optimiser steps between evaluations; 0 = only at the end
   * @param earlyStoppingPatience evaluations without improvement after which training ends; 0 = off
   * @param earlyStoppingThreshold nats by which a loss must fall to be an improvement
   * @param loadBestModelAtEnd the result has the weights of the best evaluation
   * @param heldOut share of the rows of the training file that is looked at instead of a validation
   *     file, and not trained on; 0 = none
   */
  public record EvaluationOptions(
      int evalSteps,
      int earlyStoppingPatience,
      double earlyStoppingThreshold,
      boolean loadBestModelAtEnd,
      double heldOut) {
    /** What is said of both. */
    public static final String ONE_OF_TWO =
        "is for jobs without a validation_file: give one of them";

    public static EvaluationOptions read(Fields fields) {
      Integer steps = fields.integer("eval_steps", 0, Integer.MAX_VALUE);
      Integer patience = fields.integer("early_stopping_patience", 0, 1_000_000);
      Double threshold = fields.number("early_stopping_threshold", 0, 1e6);
      Boolean best = fields.bool("load_best_model_at_end");
      Double heldOut = fields.number("held_out", 0, 0.5, "usual are 0.05 to 0.2");
      var options =
          new EvaluationOptions(
              steps == null ? 0 : steps,
              patience == null ? 0 : patience,
              threshold == null ? 0 : threshold,
              best != null && best,
              heldOut == null ? 0 : heldOut);
      if (options.evalSteps() == 0 && options.earlyStoppingPatience() > 0) {
        fields.refuse("early_stopping_patience", "needs eval_steps");
      }
      if (options.evalSteps() == 0 && options.loadBestModelAtEnd()) {
        fields.refuse("load_best_model_at_end", "needs eval_steps");
      }
      return options;
    }

    public void write(ObjectNode training) {
      training
          .put("eval_steps", evalSteps)
          .put("early_stopping_patience", earlyStoppingPatience)
          .put("early_stopping_threshold", earlyStoppingThreshold)
          .put("load_best_model_at_end", loadBestModelAtEnd)
          .put("held_out", heldOut);
    }

    /** Whether any of it needs a validation file. */
    public boolean needsValidation() {
      return earlyStoppingPatience > 0 || loadBestModelAtEnd;
    }
  }

  /**
   * Whether activations are computed again on the way down, which takes less memory and more time.
   */
  public enum GradientCheckpointing {
    OFF,
    ON,
    /** As much as the memory of the device asks for, and as many rows at a time. */
    AUTO
  }

  /**
   * The peak learning rate of a method: what it is unless given, what is usual, and what is refused
   * because AdamW would move a weight by more than its own size in a step.
   *
   * @param byRows unless given, where rows are learned from
   * @param byPairs the same of pairs, which are learned from more gently; full training as in TRL
   */
  record LearningRate(double byRows, double byPairs, double usualLeast, double usualMost) {
    private static final double MOST = 1;
    private static final String KEY = "learning_rate";
    private static final String MULTIPLIER = "learning_rate_multiplier";

    static LearningRate of(AdapterMethod method) {
      return switch (method) {
        case Lora lora -> new LearningRate(2e-4, 2e-5, 1e-5, 1e-3);
        case Prompted prompted -> new LearningRate(1e-2, 1e-3, 1e-3, 0.3);
        case Ia3 ia3 -> new LearningRate(3e-3, 3e-4, 1e-4, 1e-2);
        case LnTuning norms -> new LearningRate(1e-3, 1e-4, 1e-4, 1e-2);
        case AdaLora adaLora -> new LearningRate(1e-3, 1e-4, 1e-4, 5e-3);
        case Vera vera -> new LearningRate(4e-3, 4e-4, 1e-3, 2e-2);
        case AdapterMethod.Full full -> new LearningRate(1e-5, 1e-6, 1e-6, 1e-4);
        case Freeze freeze -> new LearningRate(1e-5, 1e-6, 1e-6, 1e-4);
        case Bottleneck adapters -> new LearningRate(1e-4, 1e-5, 1e-5, 1e-3);
      };
    }

    private String usual() {
      return "usual are %s to %s with this method".formatted(shown(usualLeast), shown(usualMost));
    }

    static double read(
        Fields fields, AdapterMethod method, Objective objective, HyperparameterAliases aliases) {
      LearningRate rate = of(method);
      double byDefault = objective.pairs() ? rate.byPairs : rate.byRows;
      Double explicit = fields.number(KEY, 0, MOST, rate.usual());
      Double multiplier = aliases.learningRateMultiplier();
      if (multiplier == null) return or(explicit, byDefault);
      double scaled = byDefault * multiplier;
      if (scaled > MOST) {
        fields.refuseAt(
            aliases.path() + MULTIPLIER,
            "times %s is a learning rate of %s, which must be at most %s; %s"
                .formatted(shown(byDefault), shown(scaled), shown(MOST), rate.usual()));
        return byDefault;
      }
      if (explicit != null && Math.abs(explicit - scaled) > 1e-9 * scaled) {
        fields.refuse(
            KEY, "is " + explicit + ", but " + MULTIPLIER + " x " + byDefault + " is " + scaled);
      }
      return or(explicit, scaled);
    }
  }

  /**
   * LoRA+ (Hayou et al. 2024): rates of single factors; names are those of PEFT's {@code
   * create_loraplus_optimizer}.
   *
   * @param lrRatio times the learning rate for B, and for all tensors with one dimension
   * @param lrEmbedding peak learning rate of the factors of an embedding
   */
  public record LoraPlus(double lrRatio, double lrEmbedding) {
    private static final String RATIO = "loraplus_lr_ratio";
    private static final String EMBEDDING = "loraplus_lr_embedding";
    private static final double MOST_RATE = 1;

    /** Null where nothing asks for it. */
    public static @Nullable LoraPlus read(
        Fields training, AdapterMethod method, double learningRate) {
      Double ratio = training.number(RATIO, 1e-3, 1e6);
      Double embedding = training.number(EMBEDDING, 0, 1);
      if (ratio == null) {
        if (embedding != null) training.refuse(EMBEDDING, "needs loraplus_lr_ratio");
        return null;
      }
      if (!(method instanceof Lora)) {
        training.refuse(RATIO, "is of LoRA only: other methods have no factor B");
      } else if (learningRate == 0) {
        training.refuse(RATIO, "needs a learning_rate above 0");
      } else if (ratio * learningRate > MOST_RATE) {
        training.refuse(
            RATIO,
            "times the learning rate %s must be at most %s; usual are 2 to 16"
                .formatted(Fields.shown(learningRate), Fields.shown(MOST_RATE)));
      }
      return new LoraPlus(ratio, embedding == null ? 1e-6 : embedding);
    }

    public static void write(ObjectNode training, @Nullable LoraPlus plus) {
      if (plus == null) return;
      training.put(RATIO, plus.lrRatio()).put(EMBEDDING, plus.lrEmbedding());
    }
  }
}
