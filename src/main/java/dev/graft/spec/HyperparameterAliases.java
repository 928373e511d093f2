package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.SpecRejected.Problem;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What OpenAI's {@code hyperparameters} say, in either of their two places, with the flat LoRA keys
 * that unmodified SDKs can send there. {@code "auto"} counts as not said.
 *
 * @param batchSize examples of one optimiser step
 * @param learningRateMultiplier times the method's default rate
 */
record HyperparameterAliases(
    String path,
    @Nullable Integer epochs,
    @Nullable Integer batchSize,
    @Nullable Double learningRateMultiplier,
    @Nullable Integer r,
    @Nullable Double loraAlpha,
    @Nullable Double loraDropout,
    @Nullable TargetModules targetModules) {
  static final HyperparameterAliases NONE =
      new HyperparameterAliases("", null, null, null, null, null, null, null);

  boolean loraSettings() {
    return r != null || loraAlpha != null || loraDropout != null || targetModules != null;
  }

  /** The two places together; where both speak they must agree. */
  static HyperparameterAliases read(
      @Nullable JsonNode method, @Nullable JsonNode hyperparameters, List<Problem> problems) {
    HyperparameterAliases flat =
        of(new Fields(hyperparameters, "hyperparameters", problems), problems);
    Fields methodFields = new Fields(method, "method", problems);
    JsonNode type = methodFields.value("type");
    if (methodFields.present() && (type == null || !type.isString())) {
      methodFields.refuse("type", "required, \"supervised\"");
    } else if (type != null && !type.stringValue().equals("supervised")) {
      boolean known = List.of("dpo", "reinforcement").contains(type.stringValue());
      methodFields.refuse(
          "type", known ? "not supported yet; use supervised" : "must be supervised");
    }
    Fields supervised = methodFields.object("supervised");
    Fields inner = supervised.object("hyperparameters");
    HyperparameterAliases nested = of(inner, problems);
    supervised.refuseUnknown();
    methodFields.refuseUnknown();
    return nested.merge(flat, problems);
  }

  private static HyperparameterAliases of(Fields fields, List<Problem> problems) {
    var aliases =
        new HyperparameterAliases(
            fields.path(""),
            auto(fields, "n_epochs") ? null : fields.integer("n_epochs", 1, 50),
            auto(fields, "batch_size") ? null : fields.integer("batch_size", 1, 4096),
            auto(fields, "learning_rate_multiplier")
                ? null
                : fields.number("learning_rate_multiplier", 1e-6, 1e6),
            fields.integer("lora_r", 1, 1024),
            fields.number("lora_alpha", 1e-6, 1e6),
            fields.number("lora_dropout", 0, 0.999),
            TargetFields.names(fields, "lora_trainable_modules"));
    fields.refuseUnknown();
    return aliases;
  }

  private static boolean auto(Fields fields, String key) {
    JsonNode value = fields.value(key);
    return value != null && value.isString() && value.stringValue().equals("auto");
  }

  private HyperparameterAliases merge(HyperparameterAliases other, List<Problem> problems) {
    return new HyperparameterAliases(
        path,
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
      problems.add(new Problem(path + key, "contradicts hyperparameters." + key));
    }
    return nested != null ? nested : flat;
  }
}
