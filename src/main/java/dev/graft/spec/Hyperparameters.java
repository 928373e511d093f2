package dev.graft.spec;

import static dev.graft.spec.Fields.or;
import static dev.graft.spec.Fields.shown;

import dev.graft.spec.TrainingSpec.Objective;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * How to train. Names are those of transformers' {@code TrainingArguments} and TRL's {@code
 * SFTConfig}; in JSON, all settings are fields of one object.
 *
 * @param loraPlus learning rates of single factors; null = all train at the learning rate
 * @param saveSteps optimiser steps between checkpoints; 0 = no checkpoints by steps; null = by
 *     epochs
 * @param saveMinutes maximum time between checkpoints; 0 = no limit
 * @param precision {@code bf16} and {@code fp16}
 * @param autocast whether products of low-rank paths also use that precision
 * @param tf32 whether GPUs may multiply f32 matrices in TensorFloat-32
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

  /** The maximum rows of a micro-batch if a request gives only the batch of a step. */
  private static final int DEFAULT_MICRO_BATCH = 8;

  private static final String AUTO = "auto";

  /**
   * How a run reacts to a step with unusual numbers.
   *
   * @param lossSpike whether a loss far above the previous ones ends the run
   * @param skipNonfinite whether a step with a non-finite loss or gradient is skipped; otherwise it
   *     ends the run
   */
  public record StepGuards(boolean lossSpike, boolean skipNonfinite) {}

  /**
   * The number of steps and their learning rates.
   *
   * @param warmupSteps optimiser steps; overrides {@code warmupRatio} if > 0
   * @param warmupRatio fraction of all optimiser steps, rounded up
   * @param numTrainEpochs ignored if {@code maxSteps} > 0
   */
  public record StepSchedule(
      double learningRate,
      LrScheduler lrScheduler,
      int warmupSteps,
      double warmupRatio,
      double numTrainEpochs,
      int maxSteps) {}

  /**
   * The rows of a step.
   *
   * @param perDeviceTrainBatchSize rows per micro-batch
   * @param gradientAccumulationSteps micro-batches per optimiser step
   * @param padToMultipleOf the width of a micro-batch in tokens is a multiple of this
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
   * The length of rows, and how they are packed.
   *
   * @param maxLength maximum tokens of a row; null = the model's context
   * @param packingStrategy how rows are packed into sequences of {@code maxLength}; null = not
   *     packed
   */
  public record RowLimits(
      @Nullable Integer maxLength,
      TruncationMode truncationMode,
      @Nullable PackingStrategy packingStrategy) {}

  /**
   * Measures against overfitting.
   *
   * @param labelSmoothingFactor weight of the mean over the vocabulary in the loss
   * @param disableDropout whether the dropouts of the base are off, as TRL does for preferences
   * @param neftuneNoiseAlpha scale of the noise on embeddings in training; 0 = none
   */
  public record Regularisation(
      double labelSmoothingFactor, boolean disableDropout, double neftuneNoiseAlpha) {
    public static final Regularisation NONE = new Regularisation(0, true, 0);

    public Regularisation {
      if (!(labelSmoothingFactor >= 0 && labelSmoothingFactor < 1)) {
        throw new IllegalArgumentException("label_smoothing_factor must be in [0, 1)");
      }
      if (!(neftuneNoiseAlpha >= 0)) {
        throw new IllegalArgumentException("neftune_noise_alpha must be >= 0");
      }
    }
  }

  /** How rows that are too long are cut. */
  public enum TruncationMode implements WireName {
    /** Keeps the first {@code max_length} tokens, as TRL does. */
    KEEP_START,
    /** Keeps the last {@code max_length} tokens, as TRL does. */
    KEEP_END,
    /** Keeps the answer and a leading system turn; removes the oldest of the other tokens. */
    SPLIT_BUDGET,
    /** Reports the row as a problem of the file. */
    REFUSE
  }

  /** TRL's {@code packing_strategy}. */
  public enum PackingStrategy implements WireName {
    /** Best fit, the longest row first; rows that are too long are cut. */
    BFD,
    /** Best fit, after rows that are too long have been split. */
    BFD_SPLIT,
    /** All tokens end to end, cut every {@code max_length}; tokens attend across rows. */
    WRAPPED
  }

  /** The order of the rows in an epoch; transformers' names. */
  public enum SamplingStrategy implements WireName {
    RANDOM,
    SEQUENTIAL,
    GROUP_BY_LENGTH
  }

  static Hyperparameters read(
      Fields fields, AdapterMethod method, Objective objective, HyperparameterAliases aliases) {
    int[] batch = batch(fields, aliases.batchSize());
    double learningRate = LearningRate.read(fields, method, objective, aliases);
    var schedule = schedule(fields, learningRate, aliases.epochs());
    var optimizer = optimizer(fields);
    var rows = rows(fields);
    var batching = batching(fields, batch);
    var evaluation = EvaluationOptions.read(fields);
    Integer saveSteps = fields.integer("save_steps", 0, MOST);
    double saveMinutes = fields.number("save_minutes", 0, 525_600, 5.0); // up to a year
    var regularisation =
        new Regularisation(
            fields.number("label_smoothing_factor", 0, 0.999, 0.0),
            fields.bool("disable_dropout", true),
            or(fields.number("neftune_noise_alpha", 0, 100, "typical values are 5 to 15"), 0.0));
    GradientCheckpointing checkpointing = checkpointing(fields);
    LoraPlus loraPlus = LoraPlus.read(fields, method, learningRate);
    Precision precision = precision(fields);
    boolean autocast = autocast(fields, method, precision);
    boolean tf32 = fields.bool("tf32", false);
    var guards = guards(fields, objective);
    fields.notYet("optim", "adamw_torch", "adamw_torch_fused");
    fields.refuseUnknown();
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

  /**
   * The losses of pairs and of regression vary too much for the spike guard to be on by default.
   */
  private static StepGuards guards(Fields fields, Objective objective) {
    boolean even = !objective.pairs() && objective != Objective.REGRESSION;
    return new StepGuards(
        fields.bool("loss_spike_guard", even), fields.bool("skip_nonfinite_steps", false));
  }

  private static Precision precision(Fields fields) {
    boolean bf16 = fields.bool("bf16", false);
    boolean fp16 = fields.bool("fp16", false);
    if (bf16 && fp16) {
      fields.refuse("fp16", "cannot be combined with bf16: give only one of the two");
    }
    if (fp16) return Precision.F16;
    return bf16 ? Precision.BF16 : Precision.F32;
  }

  private static boolean autocast(Fields fields, AdapterMethod method, Precision precision) {
    if (!fields.bool("autocast", false)) return false;
    if (!precision.half()) fields.refuse("autocast", "needs bf16: true or fp16: true");
    if (!(method instanceof Lora)) fields.refuse("autocast", "is available for LoRA only");
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

  private static Optimizer optimizer(Fields fields) {
    return new Optimizer(
        fields.number("weight_decay", 0, 1, 0.0),
        fields.number("adam_beta1", 0, 0.999999, 0.9),
        fields.number("adam_beta2", 0, 0.9999999, 0.999),
        or(fields.number("adam_epsilon", 1e-20, 0.01, "the typical value is 1e-8"), 1e-8),
        fields.number("max_grad_norm", 0, 1e9, 1.0));
  }

  private static RowLimits rows(Fields fields) {
    return new RowLimits(
        maxLength(fields),
        fields.choice("truncation_mode", TruncationMode.KEEP_START),
        packing(fields));
  }

  private static Batching batching(Fields fields, int[] batch) {
    return new Batching(
        batch[0],
        batch[1],
        fields.integer("pad_to_multiple_of", 1, 4096, 1),
        fields.choice("train_sampling_strategy", SamplingStrategy.RANDOM),
        fields.bool("dataloader_drop_last", false));
  }

  private static StepSchedule schedule(
      Fields fields, double learningRate, @Nullable Integer epochs) {
    return new StepSchedule(
        learningRate,
        LrScheduler.Json.read(fields, learningRate),
        fields.integer("warmup_steps", 0, MOST, 0),
        fields.number("warmup_ratio", 0, 1, 0.0),
        epochs(fields, epochs),
        Math.max(0, fields.integer("max_steps", -1, MOST, 0)));
  }

  private static double epochs(Fields fields, @Nullable Integer alias) {
    Double explicit = fields.number("num_train_epochs", 1e-6, 10_000);
    Double byAlias = alias == null ? null : Double.valueOf(alias);
    return AdapterMethods.agree(fields, "num_train_epochs", explicit, byAlias, "n_epochs", 3.0);
  }

  /** Returns the rows of a micro-batch and the micro-batches of a step. */
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
          "does not match the hyperparameters' batch_size: per_device_train_batch_size times"
              + " gradient_accumulation_steps must be "
              + batchSize);
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

  /** Returns null if rows are not packed. */
  private static @Nullable PackingStrategy packing(Fields fields) {
    boolean packing = fields.bool("packing", false);
    PackingStrategy strategy = fields.choice("packing_strategy", PackingStrategy.BFD);
    return packing ? strategy : null;
  }

  /**
   * When the model is evaluated, and what follows from it; names are transformers'.
   *
   * @param evalSteps optimiser steps between evaluations; 0 = only at the end
   * @param earlyStoppingPatience evaluations without improvement after which training ends; 0 = off
   * @param earlyStoppingThreshold minimum decrease of the loss, in nats, that is an improvement
   * @param loadBestModelAtEnd whether the result has the weights of the best evaluation
   * @param heldOut fraction of the training rows that are not trained on but used for evaluation,
   *     instead of a validation file; 0 = none
   */
  public record EvaluationOptions(
      int evalSteps,
      int earlyStoppingPatience,
      double earlyStoppingThreshold,
      boolean loadBestModelAtEnd,
      double heldOut) {
    /** The problem of a job with both {@code held_out} and a validation file. */
    public static final String ONE_OF_TWO =
        "cannot be combined with validation_file: give only one of the two";

    static EvaluationOptions read(Fields fields) {
      var options =
          new EvaluationOptions(
              fields.integer("eval_steps", 0, MOST, 0),
              fields.integer("early_stopping_patience", 0, 1_000_000, 0),
              fields.number("early_stopping_threshold", 0, 1e6, 0.0),
              fields.bool("load_best_model_at_end", false),
              or(fields.number("held_out", 0, 0.5, "typical values are 0.05 to 0.2"), 0.0));
      if (options.evalSteps == 0 && options.earlyStoppingPatience > 0) {
        fields.refuse("early_stopping_patience", "needs eval_steps");
      }
      if (options.evalSteps == 0 && options.loadBestModelAtEnd) {
        fields.refuse("load_best_model_at_end", "needs eval_steps");
      }
      return options;
    }

    void write(ObjectNode training) {
      training
          .put("eval_steps", evalSteps)
          .put("early_stopping_patience", earlyStoppingPatience)
          .put("early_stopping_threshold", earlyStoppingThreshold)
          .put("load_best_model_at_end", loadBestModelAtEnd)
          .put("held_out", heldOut);
    }

    /** Whether a setting needs a validation file or held-out rows. */
    public boolean needsValidation() {
      return earlyStoppingPatience > 0 || loadBestModelAtEnd;
    }
  }

  /**
   * Whether activations are recomputed in the backward pass, which saves memory and takes more
   * time.
   */
  public enum GradientCheckpointing {
    OFF,
    ON,
    /** The run adapts recomputation and the rows at a time to the memory of the device. */
    AUTO
  }

  /**
   * The default and the typical peak learning rates of a method. Rates above 1 are refused, because
   * AdamW would then change a weight by more than its own size in a step.
   *
   * @param byRows default for training on rows
   * @param byPairs default for training on pairs, which is lower; TRL's for full training
   */
  record LearningRate(double byRows, double byPairs, double typicalLeast, double typicalMost) {
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

    private String typical() {
      return "typical values for this method are %s to %s"
          .formatted(shown(typicalLeast), shown(typicalMost));
    }

    static double read(
        Fields fields, AdapterMethod method, Objective objective, HyperparameterAliases aliases) {
      LearningRate rate = of(method);
      double byDefault = objective.pairs() ? rate.byPairs : rate.byRows;
      Double explicit = fields.number(KEY, 0, MOST, rate.typical());
      Double multiplier = aliases.learningRateMultiplier();
      if (multiplier == null) return or(explicit, byDefault);
      double scaled = byDefault * multiplier;
      if (scaled > MOST) {
        fields.refuseAt(
            aliases.path() + MULTIPLIER,
            "times the default of %s is a learning rate of %s, but the maximum is %s; %s"
                .formatted(shown(byDefault), shown(scaled), shown(MOST), rate.typical()));
        return byDefault;
      }
      if (explicit != null && Math.abs(explicit - scaled) > 1e-9 * scaled) {
        fields.refuse(
            KEY,
            "is %s, but learning_rate_multiplier times the default of %s is %s"
                .formatted(explicit, byDefault, scaled));
      }
      return or(explicit, scaled);
    }
  }

  /**
   * LoRA+ (Hayou et al. 2024): learning rates of single factors; names are those of PEFT's {@code
   * create_loraplus_optimizer}.
   *
   * @param lrRatio multiple of the learning rate for B and for all tensors of one dimension
   * @param lrEmbedding peak learning rate of the factors of an embedding
   */
  public record LoraPlus(double lrRatio, double lrEmbedding) {
    private static final String RATIO = "loraplus_lr_ratio";
    private static final String EMBEDDING = "loraplus_lr_embedding";
    private static final double MOST_RATE = 1;

    /** Returns null if the request does not set a ratio. */
    static @Nullable LoraPlus read(Fields training, AdapterMethod method, double learningRate) {
      Double ratio = training.number(RATIO, 1e-3, 1e6);
      Double embedding = training.number(EMBEDDING, 0, 1);
      if (ratio == null) {
        if (embedding != null) training.refuse(EMBEDDING, "needs loraplus_lr_ratio");
        return null;
      }
      if (!(method instanceof Lora)) {
        training.refuse(RATIO, "is available for LoRA only: other methods have no factor B");
      } else if (learningRate == 0) {
        training.refuse(RATIO, "needs a learning_rate above 0");
      } else if (ratio * learningRate > MOST_RATE) {
        training.refuse(
            RATIO,
            "times the learning rate of %s must be at most %s; typical values are 2 to 16"
                .formatted(Fields.shown(learningRate), Fields.shown(MOST_RATE)));
      }
      return new LoraPlus(ratio, embedding == null ? 1e-6 : embedding);
    }

    static void write(ObjectNode training, @Nullable LoraPlus plus) {
      if (plus == null) return;
      training.put(RATIO, plus.lrRatio()).put(EMBEDDING, plus.lrEmbedding());
    }
  }
}
