package dev.graft.spec;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.SpecRejected.Problem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Everything that decides the numbers of a run, apart from the base model and the data themselves.
 *
 * @param preference how pairs are learned from; null without an objective of pairs
 * @param quantization of the base; null = its weights as they are
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

  /** What the loss is about; names are the request's. */
  public enum Objective {
    /** Loss on answers. */
    SFT,
    /** Loss on every token of plain text, rows laid end to end. */
    PRETRAINING,
    /** Classes of whole rows: one of several, or any of them. */
    CLASSIFICATION,
    /** A number for every row. */
    REGRESSION,
    /** Chosen answers rather than rejected ones, measured from a reference. */
    DPO,
    /** The same by odds, without a reference, and loss on the chosen text. */
    ORPO;

    /** Whether rows have labels instead of tokens to predict. */
    public boolean labelsRows() {
      return this == CLASSIFICATION || this == REGRESSION;
    }

    /** Whether it learns from pairs. */
    public boolean pairs() {
      return this == DPO || this == ORPO;
    }
  }

  /**
   * Which tokens train. Null = as the row is: of a chat the assistant's turns, of a prompt with a
   * completion the completion, of a text everything.
   *
   * @param assistantOnlyLoss TRL's: the assistant's turns only, their end-of-turn token included
   * @param completionOnlyLoss TRL's: what follows the prompt only; with {@code assistantOnlyLoss}
   *     both must allow a token
   * @param maskHistory LLaMA-Factory's {@code mask_history}: of a chat the assistant's last turn
   * @param allowSpecialTokens special tokens written in a row become control tokens, as in TRL;
   *     else such a row is refused
   */
  public record DataOptions(
      @Nullable Boolean assistantOnlyLoss,
      @Nullable Boolean completionOnlyLoss,
      boolean maskHistory,
      boolean allowSpecialTokens) {
    public static final DataOptions DEFAULT = new DataOptions(null, null, false, false);

    /** The same, with loss on every token. */
    public DataOptions everyToken() {
      return new DataOptions(false, false, false, allowSpecialTokens);
    }
  }

  /**
   * Resolves what a request says into what runs. Arguments are the request's values under these
   * keys, null where missing.
   *
   * @param method OpenAI's {@code {"type": "supervised", "supervised": {"hyperparameters": {}}}}
   * @param hyperparameters OpenAI's older place for the same
   * @throws SpecRejected with all problems: unknown, mistyped, out of range, contradictory, or not
   *     built yet
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
          new Problem("adapter", "must be an object: only a server knows configurations by name"));
      throw new SpecRejected(problems);
    }
    TrainingSpec read = read(new Fields(adapter, "adapter", problems), aliases);
    TrainingSpec spec = read.withSeed(seed(seed, problems));
    problems.addAll(Combinations.problems(spec));
    problems.replaceAll(UnknownSetting.SettingPlaces::told);
    if (!problems.isEmpty()) throw new SpecRejected(problems);
    return spec;
  }

  /**
   * What is wrong with a key beside {@code adapter} that nobody knows.
   *
   * @param here keys that may be there
   */
  public static Problem unknown(String key, Collection<String> here) {
    return new Problem(key, UnknownSetting.anywhere(key, here, UnknownSetting.SettingPlaces.all()));
  }

  /** Everything but the seed, which is the default. */
  static TrainingSpec read(Fields fields, HyperparameterAliases aliases) {
    fields.notYet("config");
    fields.notYet("version");
    AdapterMethod adapterMethod = AdapterMethods.read(fields, aliases);
    Objective objective = objective(fields, aliases);
    Fields trainingFields = fields.object("training");
    Preference preference = Preference.PreferenceFields.read(trainingFields, objective, aliases);
    Hyperparameters training =
        Hyperparameters.read(trainingFields, adapterMethod, objective, aliases);
    Quantization quantization =
        Quantization.QuantizationFields.read(fields.object("quantization"), training.precision());
    DataOptions data = DataFields.read(fields.object("data"));
    Outputs outputs = Outputs.read(fields.object("output"));
    if (objective == Objective.PRETRAINING) pretraining(fields, training, data);
    fields.refuseUnknown();
    return new TrainingSpec(
        adapterMethod, objective, preference, quantization, training, data, outputs, DEFAULT_SEED);
  }

  /** {@code method.type} dpo stands for both objectives of pairs; by default as the type says. */
  private static Objective objective(Fields fields, HyperparameterAliases aliases) {
    Objective said = fields.choice("objective", Objective.class);
    Objective byMethod = aliases.objective();
    if (said == null) return byMethod == null ? Objective.SFT : byMethod;
    if (byMethod != null && byMethod.pairs() != said.pairs()) {
      fields.refuse(
          "objective",
          "is %s, but method.type is %s"
              .formatted(lower(said), byMethod.pairs() ? "dpo" : "supervised"));
    }
    return said;
  }

  /** Loss on every token of rows laid end to end leaves nothing to choose. */
  private static void pretraining(Fields fields, Hyperparameters training, DataOptions data) {
    if (training.rows().packingStrategy() != null) {
      fields.refuse("training.packing", "pretraining lays rows end to end by itself");
    }
    boolean masked =
        Boolean.TRUE.equals(data.assistantOnlyLoss())
            || Boolean.TRUE.equals(data.completionOnlyLoss())
            || data.maskHistory();
    if (masked) fields.refuse("data", "pretraining has its loss on every token");
  }

  private static long seed(@Nullable JsonNode seed, List<Problem> problems) {
    if (seed == null || seed.isNull()) return DEFAULT_SEED;
    if (seed.isIntegralNumber() && seed.canConvertToInt() && seed.intValue() >= 0) {
      return seed.intValue();
    }
    problems.add(new Problem("seed", "must be a whole number from 0 to 2147483647"));
    return DEFAULT_SEED;
  }

  /** The fully resolved {@code adapter} object; {@link #resolve} of it gives the spec back. */
  public static ObjectNode toJson(TrainingSpec spec) {
    ObjectNode adapter = JsonNodeFactory.instance.objectNode();
    AdapterMethods.write(adapter, spec.method());
    adapter.put("objective", lower(spec.objective()));
    Quantization quantization = spec.quantization();
    if (quantization != null) {
      Quantization.QuantizationFields.write(
          adapter.putObject("quantization"), quantization, spec.training().precision());
    }
    ObjectNode training = adapter.putObject("training");
    training(training, spec.training());
    Preference.PreferenceFields.write(training, spec.preference());
    DataFields.write(adapter.putObject("data"), spec.data());
    spec.outputs().write(adapter.putObject("output"));
    return adapter;
  }

  /**
   * How the base is rounded, of an object that {@link #toJson} wrote, in this release or an earlier
   * one; null = it is not.
   */
  public static @Nullable Quantization quantization(JsonNode resolved) {
    return Quantization.QuantizationFields.written(resolved.path("quantization"));
  }

  /**
   * What a model was trained for, of an object that {@link #toJson} wrote, in this release or an
   * earlier one, which said nothing of supervised training.
   */
  public static Objective objective(JsonNode resolved) {
    String said = resolved.path("objective").asString("");
    return Arrays.stream(Objective.values())
        .filter(each -> lower(each).equals(said))
        .findFirst()
        .orElse(Objective.SFT);
  }

  /** An {@code adapter} object that says nothing but the method. */
  public static ObjectNode methodJson(AdapterMethod method) {
    ObjectNode adapter = JsonNodeFactory.instance.objectNode();
    AdapterMethods.write(adapter, method);
    return adapter;
  }

  private static void training(ObjectNode json, Hyperparameters training) {
    json.put("learning_rate", training.schedule().learningRate());
    LrScheduler.LrSchedulerFields.write(json, training.schedule().lrScheduler());
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
        .put("truncation_mode", lower(training.rows().truncationMode()))
        .put("packing", training.rows().packingStrategy() != null)
        .put("pad_to_multiple_of", training.batching().padToMultipleOf())
        .put("train_sampling_strategy", lower(training.batching().trainSamplingStrategy()))
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
    if (packing != null) json.put("packing_strategy", lower(packing));
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /**
   * {@code adapter.output}: other forms of the result, each in a directory of its own beside it.
   *
   * @param plainLora where a program ignores something of the trained form that plain factors of
   *     LoRA can say as well, those too
   * @param merged the base with the adapter in its weights, a whole model
   * @param trainedForm where the result has been converted for the base as it is, the factors as
   *     they trained, for {@code peft} only
   * @param gguf the adapter as a file that llama.cpp loads
   */
  public record Outputs(boolean plainLora, boolean merged, boolean trainedForm, boolean gguf) {
    public static final Outputs DEFAULT = new Outputs(true, false, false, false);

    public static Outputs read(Fields fields) {
      Boolean plainLora = fields.bool("plain_lora");
      Boolean merged = fields.bool("merged");
      Boolean trainedForm = fields.bool("trained_form");
      Boolean gguf = fields.bool("gguf");
      fields.refuseUnknown();
      return new Outputs(
          plainLora == null || plainLora,
          merged != null && merged,
          trainedForm != null && trainedForm,
          gguf != null && gguf);
    }

    public void write(ObjectNode json) {
      json.put("plain_lora", plainLora)
          .put("merged", merged)
          .put("trained_form", trainedForm)
          .put("gguf", gguf);
    }
  }
}
