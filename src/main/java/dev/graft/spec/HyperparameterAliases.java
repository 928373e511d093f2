package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.SpecRejected.Problem;
import dev.graft.spec.TrainingSpec.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * OpenAI's {@code hyperparameters} from either of their two places, with the flat LoRA keys that
 * unmodified SDKs can send there. {@code "auto"} counts as missing.
 *
 * @param path path of the object with the learning rate multiplier, including its last dot
 * @param objective the objective that {@code method.type} selects; null if it is missing
 * @param beta weight of a preference
 * @param batchSize examples per optimiser step
 * @param learningRateMultiplier multiple of the method's default rate
 */
record HyperparameterAliases(
    String path,
    @Nullable Objective objective,
    @Nullable Double beta,
    @Nullable Integer epochs,
    @Nullable Integer batchSize,
    @Nullable Double learningRateMultiplier,
    @Nullable Integer r,
    @Nullable Double loraAlpha,
    @Nullable Double loraDropout,
    @Nullable TargetModules targetModules) {
  static final HyperparameterAliases NONE =
      new HyperparameterAliases("", null, null, null, null, null, null, null, null, null);

  boolean loraSettings() {
    return r != null || loraAlpha != null || loraDropout != null || targetModules != null;
  }

  /** Reads both places, whose values must not contradict each other. */
  static HyperparameterAliases read(
      @Nullable JsonNode method, @Nullable JsonNode hyperparameters, List<Problem> problems) {
    HyperparameterAliases flat =
        of(new Fields(hyperparameters, "hyperparameters", problems), null, true);
    Fields fields = new Fields(method, "method", problems);
    Objective objective = objective(fields);
    boolean dpo = objective == Objective.DPO;
    String name = dpo ? "dpo" : "supervised";
    Fields settings = fields.object(name);
    HyperparameterAliases nested = of(settings.object("hyperparameters"), objective, dpo);
    settings.refuseUnknown();
    for (String other : List.of("supervised", "dpo", "reinforcement")) {
      if (fields.value(other) != null && !other.equals(name)) {
        fields.refuse(other, "cannot be combined with method.type " + name);
      }
    }
    fields.refuseUnknown();
    HyperparameterAliases both = nested.merge(flat, problems);
    if (flat.beta != null && !dpo) {
      problems.add(new Problem(flat.path + "beta", "needs method.type dpo"));
    }
    return both;
  }

  private static @Nullable Objective objective(Fields method) {
    JsonNode type = method.value("type");
    if (!method.present()) return null;
    switch (type == null ? "" : type.asString("")) {
      case "supervised" -> {
        return Objective.SFT;
      }
      case "dpo" -> {
        return Objective.DPO;
      }
      case "reinforcement" -> method.refuse("type", "is not supported; must be supervised or dpo");
      default -> method.refuse("type", "must be supervised or dpo");
    }
    return null;
  }

  /**
   * @param withBeta whether {@code beta} is a valid key
   */
  private static HyperparameterAliases of(
      Fields fields, @Nullable Objective objective, boolean withBeta) {
    var aliases =
        new HyperparameterAliases(
            fields.path(""),
            objective,
            !withBeta || auto(fields, "beta")
                ? null
                : fields.number("beta", 1e-6, 1000, "typical values are 0.01 to 0.5"),
            auto(fields, "n_epochs") ? null : fields.integer("n_epochs", 1, 50),
            auto(fields, "batch_size") ? null : fields.integer("batch_size", 1, 4096),
            auto(fields, "learning_rate_multiplier")
                ? null
                : fields.number("learning_rate_multiplier", 1e-6, 1e6),
            fields.integer("lora_r", 1, 1024),
            fields.number("lora_alpha", 1e-6, 1e6),
            fields.number("lora_dropout", 0, 0.999),
            Targets.names(fields, "lora_trainable_modules"));
    fields.refuseUnknown();
    return aliases;
  }

  /**
   * Returns a JSON Schema of {@code hyperparameters} without {@code auto}.
   *
   * @param dpo whether {@code method.type} is dpo
   */
  static ObjectNode schema(boolean dpo) {
    Fields.FieldSchema asked = Fields.FieldSchema.ofObject();
    of(new Fields(null, "", new ArrayList<>(), asked), null, dpo);
    return asked.json();
  }

  private static boolean auto(Fields fields, String key) {
    return fields.value(key) instanceof JsonNode value && value.asString("").equals("auto");
  }

  private HyperparameterAliases merge(HyperparameterAliases other, List<Problem> problems) {
    boolean flat = learningRateMultiplier == null && other.learningRateMultiplier != null;
    return new HyperparameterAliases(
        flat ? other.path : path,
        objective,
        same("beta", beta, other.beta, problems),
        same("n_epochs", epochs, other.epochs, problems),
        same("batch_size", batchSize, other.batchSize, problems),
        same(
            "learning_rate_multiplier",
            learningRateMultiplier,
            other.learningRateMultiplier,
            problems),
        same("lora_r", r, other.r, problems),
        same("lora_alpha", loraAlpha, other.loraAlpha, problems),
        same("lora_dropout", loraDropout, other.loraDropout, problems),
        same("lora_trainable_modules", targetModules, other.targetModules, problems));
  }

  private <T> @Nullable T same(
      String key, @Nullable T nested, @Nullable T flat, List<Problem> problems) {
    if (nested != null && flat != null && !Objects.equals(nested, flat)) {
      problems.add(new Problem(path + key, "differs from hyperparameters." + key));
    }
    return nested != null ? nested : flat;
  }
}
