package dev.graft.spec;

import static dev.graft.spec.Fields.or;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.Hyperparameters.SamplingStrategy;
import dev.graft.spec.Hyperparameters.TruncationMode;
import dev.graft.spec.TrainingSpec.Objective;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Reads {@code adapter.training}; names are {@code TrainingArguments}' and {@code SFTConfig}'s. */
final class TrainingFields {
  private static final int MOST = Integer.MAX_VALUE;

  /** A year. */
  private static final double MOST_MINUTES = 525_600;

  /** Rows of a micro-batch are at most this many where only the batch of a step was given. */
  private static final int DEFAULT_MICRO_BATCH = 8;

  private static final String AUTO = "auto";

  private TrainingFields() {}

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
    if (!(method instanceof AdapterMethod.Lora)) fields.refuse("autocast", "is for LoRA");
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
        LrSchedulerFields.read(fields, learningRate),
        or(fields.integer("warmup_steps", 0, MOST), 0),
        or(fields.number("warmup_ratio", 0, 1), 0.0),
        epochs(fields, epochs),
        Math.max(0, or(fields.integer("max_steps", -1, MOST), 0)));
  }

  private static double epochs(Fields fields, @Nullable Integer alias) {
    Double explicit = fields.number("num_train_epochs", 1e-6, 10_000);
    Double byAlias = alias == null ? null : Double.valueOf(alias);
    return MethodFields.agree(fields, "num_train_epochs", explicit, byAlias, "n_epochs", 3.0);
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
}
