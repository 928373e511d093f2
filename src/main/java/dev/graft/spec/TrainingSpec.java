package dev.graft.spec;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.SpecRejected.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Everything that affects the numbers of a run, except the base model and the data.
 *
 * @param preference how training learns from pairs; null for other objectives
 * @param quantization quantisation of the base; null = none
 */
public record TrainingSpec(
    AdapterMethod method,
    Objective objective,
    @Nullable Preference preference,
    @Nullable Quantization quantization,
    Hyperparameters training,
    DataOptions data,
    Outputs outputs,
    long seed) {
  public static final long DEFAULT_SEED = 42;

  public TrainingSpec {
    if (objective.pairs() == (preference == null)) {
      throw new IllegalArgumentException(objective + " with preference " + preference);
    }
  }

  public TrainingSpec withSeed(long other) {
    return new TrainingSpec(
        method, objective, preference, quantization, training, data, outputs, other);
  }

  /** The objective of a training. */
  public enum Objective implements WireName {
    /** The loss of the answers. */
    SFT,
    /** The loss of every token of plain text, with rows packed end to end. */
    PRETRAINING,
    /** Classes of whole rows: one of several, or any number of them. */
    CLASSIFICATION,
    /** A number for every row. */
    REGRESSION,
    /** Preference of chosen to rejected answers, relative to a reference. */
    DPO,
    /** Preference by odds without a reference, with the loss of the chosen text. */
    ORPO;

    /** Whether rows have labels instead of tokens to predict. */
    public boolean labelsRows() {
      return this == CLASSIFICATION || this == REGRESSION;
    }

    /** Whether training learns from pairs of answers. */
    public boolean pairs() {
      return this == DPO || this == ORPO;
    }
  }

  /**
   * The tokens that train. Null = by the kind of row: the assistant's turns of a chat, the
   * completion after a prompt, all of a text.
   *
   * @param assistantOnlyLoss TRL's: only the assistant's turns, including their end-of-turn token
   * @param completionOnlyLoss TRL's: only what follows the prompt; with {@code assistantOnlyLoss}
   *     both must allow a token
   * @param maskHistory LLaMA-Factory's {@code mask_history}: only the assistant's last turn of a
   *     chat
   * @param allowSpecialTokens whether special tokens in the text of a row become control tokens, as
   *     in TRL; otherwise such a row is refused
   */
  public record DataOptions(
      @Nullable Boolean assistantOnlyLoss,
      @Nullable Boolean completionOnlyLoss,
      boolean maskHistory,
      boolean allowSpecialTokens) {
    public static final DataOptions DEFAULT = new DataOptions(null, null, false, false);

    /** Returns a copy with the loss on every token. */
    public DataOptions everyToken() {
      return new DataOptions(false, false, false, allowSpecialTokens);
    }

    static DataOptions read(Fields fields) {
      Boolean assistantOnly = fields.bool("assistant_only_loss");
      Boolean completionOnly = fields.bool("completion_only_loss");
      boolean maskHistory = fields.bool("mask_history", false);
      if (maskHistory
          && (Boolean.FALSE.equals(assistantOnly) || Boolean.FALSE.equals(completionOnly))) {
        fields.refuse("mask_history", "cannot be combined with a loss on every token");
      }
      boolean allowSpecialTokens = fields.bool("allow_special_tokens", false);
      fields.refuseUnknown();
      return new DataOptions(assistantOnly, completionOnly, maskHistory, allowSpecialTokens);
    }

    void write(ObjectNode json) {
      json.put("assistant_only_loss", assistantOnlyLoss)
          .put("completion_only_loss", completionOnlyLoss)
          .put("mask_history", maskHistory)
          .put("allow_special_tokens", allowSpecialTokens);
    }
  }

  /**
   * Reads the settings of a request. Arguments are the request's values of these keys; null if
   * missing.
   *
   * @param method OpenAI's {@code {"type": "supervised", "supervised": {"hyperparameters": {}}}}
   * @param hyperparameters OpenAI's older place for the same
   * @throws SpecRejected with all problems: unknown, mistyped, out of range, contradictory, or not
   *     supported yet
   */
  public static TrainingSpec resolve(
      @Nullable JsonNode adapter,
      @Nullable JsonNode method,
      @Nullable JsonNode hyperparameters,
      @Nullable JsonNode seed) {
    List<Problem> problems = new ArrayList<>();
    HyperparameterAliases aliases = HyperparameterAliases.read(method, hyperparameters, problems);
    if (adapter != null && adapter.isString()) {
      problems.add(
          new Problem("adapter", "must be an object: named configurations exist only on a server"));
      throw new SpecRejected(problems);
    }
    TrainingSpec read = read(new Fields(adapter, "adapter", problems), aliases);
    TrainingSpec spec = read.withSeed(seed(seed, problems));
    problems.addAll(Combinations.problems(spec));
    problems.replaceAll(UnknownSetting.Places::improve);
    if (!problems.isEmpty()) throw new SpecRejected(problems);
    return spec;
  }

  /**
   * Returns the problem of an unknown key next to {@code adapter}.
   *
   * @param here the valid keys
   */
  public static Problem unknown(String key, Collection<String> here) {
    return new Problem(key, UnknownSetting.anywhere(key, here, UnknownSetting.Places.PATHS));
  }

  /** Reads everything but the seed, which is the default. */
  static TrainingSpec read(Fields fields, HyperparameterAliases aliases) {
    fields.notYet("config");
    fields.notYet("version");
    AdapterMethod adapterMethod = AdapterMethods.read(fields, aliases);
    Objective objective = objective(fields, aliases);
    Fields trainingFields = fields.object("training");
    Preference preference = Preference.Json.read(trainingFields, objective, aliases);
    Hyperparameters training =
        Hyperparameters.read(trainingFields, adapterMethod, objective, aliases);
    Quantization quantization =
        Quantization.Json.read(fields.object("quantization"), training.precision());
    DataOptions data = DataOptions.read(fields.object("data"));
    Outputs outputs = Outputs.read(fields.object("output"));
    if (objective == Objective.PRETRAINING) pretraining(fields, training, data);
    fields.refuseUnknown();
    return new TrainingSpec(
        adapterMethod, objective, preference, quantization, training, data, outputs, DEFAULT_SEED);
  }

  /** Reads the objective; {@code method.type} dpo allows both objectives of pairs. */
  private static Objective objective(Fields fields, HyperparameterAliases aliases) {
    Objective explicit = fields.choice("objective", Objective.class);
    Objective byMethod = aliases.objective();
    if (explicit == null) return byMethod == null ? Objective.SFT : byMethod;
    if (byMethod != null && byMethod.pairs() != explicit.pairs()) {
      fields.refuse(
          "objective",
          "is %s, but method.type is %s"
              .formatted(explicit.wireName(), byMethod.pairs() ? "dpo" : "supervised"));
    }
    return explicit;
  }

  /** Refuses settings that contradict the loss on every token of packed rows. */
  private static void pretraining(Fields fields, Hyperparameters training, DataOptions data) {
    if (training.rows().packingStrategy() != null) {
      fields.refuse(
          "training.packing", "cannot be set for pretraining, which always packs rows end to end");
    }
    boolean masked =
        Boolean.TRUE.equals(data.assistantOnlyLoss())
            || Boolean.TRUE.equals(data.completionOnlyLoss())
            || data.maskHistory();
    if (masked) fields.refuse("data", "cannot mask tokens: pretraining trains on every token");
  }

  private static long seed(@Nullable JsonNode seed, List<Problem> problems) {
    if (seed == null || seed.isNull()) return DEFAULT_SEED;
    if (seed.isIntegralNumber() && seed.canConvertToInt() && seed.intValue() >= 0) {
      return seed.intValue();
    }
    problems.add(new Problem("seed", "must be a whole number from 0 to 2147483647"));
    return DEFAULT_SEED;
  }

  /**
   * Returns the complete {@code adapter} object, which {@link #resolve} turns back into the spec.
   */
  public static ObjectNode toJson(TrainingSpec spec) {
    ObjectNode adapter = JsonNodeFactory.instance.objectNode();
    AdapterMethods.write(adapter, spec.method());
    adapter.put("objective", spec.objective().wireName());
    Quantization quantization = spec.quantization();
    if (quantization != null) {
      Quantization.Json.write(
          adapter.putObject("quantization"), quantization, spec.training().precision());
    }
    ObjectNode training = adapter.putObject("training");
    training(training, spec.training());
    Preference.Json.write(training, spec.preference());
    spec.data().write(adapter.putObject("data"));
    spec.outputs().write(adapter.putObject("output"));
    return adapter;
  }

  /**
   * Returns the quantisation in an object that {@link #toJson} of this or an earlier release wrote;
   * null = none.
   */
  public static @Nullable Quantization quantization(JsonNode resolved) {
    return Quantization.Json.written(resolved.path("quantization"));
  }

  /**
   * Returns the objective in an object that {@link #toJson} of this or an earlier release wrote;
   * earlier releases left out that of supervised training.
   */
  public static Objective objective(JsonNode resolved) {
    String name = resolved.path("objective").asString("");
    return Arrays.stream(Objective.values())
        .filter(each -> each.wireName().equals(name))
        .findFirst()
        .orElse(Objective.SFT);
  }

  /** Returns an {@code adapter} object with the method only. */
  public static ObjectNode methodJson(AdapterMethod method) {
    ObjectNode adapter = JsonNodeFactory.instance.objectNode();
    AdapterMethods.write(adapter, method);
    return adapter;
  }

  private static void training(ObjectNode json, Hyperparameters training) {
    json.put("learning_rate", training.schedule().learningRate());
    LrScheduler.Json.write(json, training.schedule().lrScheduler());
    json.put("warmup_steps", training.schedule().warmupSteps())
        .put("warmup_ratio", training.schedule().warmupRatio())
        .put("num_train_epochs", training.schedule().numTrainEpochs())
        .put("max_steps", training.schedule().maxSteps())
        .put("per_device_train_batch_size", training.batching().perDeviceTrainBatchSize())
        .put("gradient_accumulation_steps", training.batching().gradientAccumulationSteps())
        .put("weight_decay", training.optimizer().weightDecay())
        .put("adam_beta1", training.optimizer().adamBeta1())
        .put("adam_beta2", training.optimizer().adamBeta2())
        .put("adam_epsilon", training.optimizer().adamEpsilon())
        .put("max_grad_norm", training.optimizer().maxGradNorm())
        .put("max_length", training.rows().maxLength())
        .put("truncation_mode", training.rows().truncationMode().wireName())
        .put("packing", training.rows().packingStrategy() != null)
        .put("pad_to_multiple_of", training.batching().padToMultipleOf())
        .put("train_sampling_strategy", training.batching().trainSamplingStrategy().wireName())
        .put("dataloader_drop_last", training.batching().dataloaderDropLast())
        .put("save_minutes", training.saveMinutes())
        .put("label_smoothing_factor", training.regularisation().labelSmoothingFactor())
        .put("disable_dropout", training.regularisation().disableDropout())
        .put("neftune_noise_alpha", training.regularisation().neftuneNoiseAlpha())
        .put("bf16", training.precision() == Precision.BF16)
        .put("fp16", training.precision() == Precision.F16)
        .put("autocast", training.autocast())
        .put("tf32", training.tf32())
        .put("loss_spike_guard", training.guards().lossSpike())
        .put("skip_nonfinite_steps", training.guards().skipNonfinite());
    if (training.saveSteps() != null) json.put("save_steps", training.saveSteps());
    training.evaluation().write(json);
    Hyperparameters.write(json, training.gradientCheckpointing());
    Hyperparameters.LoraPlus.write(json, training.loraPlus());
    PackingStrategy packing = training.rows().packingStrategy();
    if (packing != null) json.put("packing_strategy", packing.wireName());
  }

  /**
   * {@code adapter.output}: additional forms of the result, each in a directory of its own.
   *
   * @param plainLora a plain LoRA with the same effect, if a program would ignore a part of the
   *     trained form
   * @param merged the base with the adapter merged into its weights, a whole model
   * @param trainedForm the factors as they trained, if the result was converted for the unchanged
   *     base; for {@code peft} only
   * @param gguf the adapter as a file for llama.cpp
   */
  public record Outputs(boolean plainLora, boolean merged, boolean trainedForm, boolean gguf) {
    public static final Outputs DEFAULT = new Outputs(true, false, false, false);

    static Outputs read(Fields fields) {
      var outputs =
          new Outputs(
              fields.bool("plain_lora", true),
              fields.bool("merged", false),
              fields.bool("trained_form", false),
              fields.bool("gguf", false));
      fields.refuseUnknown();
      return outputs;
    }

    void write(ObjectNode json) {
      json.put("plain_lora", plainLora)
          .put("merged", merged)
          .put("trained_form", trainedForm)
          .put("gguf", gguf);
    }
  }
}
