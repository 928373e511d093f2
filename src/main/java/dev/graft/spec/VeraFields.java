package dev.graft.spec;

import static dev.graft.spec.Fields.or;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.LoraVariant.Bias;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** PEFT's {@code VeraConfig}, in and out. */
final class VeraFields {
  static final String TYPE = "VERA";

  private static final String ONLY = "vera_only";
  private static final int LARGEST_R = 16_384;
  private static final double MOST_D = 1e6;

  private VeraFields() {}

  static Vera read(Fields peft) {
    Vera byDefault = Vera.DEFAULT;
    Targets targets = TargetFields.read(peft, null, new TargetModules.FamilyDefault(), true);
    if (!targets.excludeModules().equals(Targets.NONE)) {
      peft.refuse("exclude_modules", "unknown setting: VeRA has none in PEFT");
    }
    peft.known("fan_in_fan_out"); // follows from the base, whatever is said
    return new Vera(
        or(peft.integer("r", 1, LARGEST_R), byDefault.r()),
        targets,
        or(peft.number("vera_dropout", 0, 0.999), byDefault.veraDropout()),
        or(peft.number("d_initial", -MOST_D, MOST_D), byDefault.dInitial()),
        or(peft.bool("init_weights"), byDefault.initWeights()),
        bias(peft),
        or(peft.integer("projection_prng_key", 0, Integer.MAX_VALUE), 0),
        or(peft.bool("save_projection"), byDefault.saveProjection()),
        peft.texts("modules_to_save"));
  }

  private static Bias bias(Fields peft) {
    JsonNode value = peft.value("bias");
    String name = value == null ? "none" : value.isString() ? value.stringValue() : "";
    return switch (name) {
      case "none" -> Bias.NONE;
      case "all" -> Bias.ALL;
      case ONLY -> Bias.LORA_ONLY;
      default -> {
        peft.refuse("bias", "must be one of none, all, " + ONLY);
        yield Bias.NONE;
      }
    };
  }

  static void write(ObjectNode peft, Vera method) {
    peft.put("peft_type", TYPE)
        .put("r", method.r())
        .put("vera_dropout", method.veraDropout())
        .put("d_initial", method.dInitial())
        .put("init_weights", method.initWeights())
        .put("bias", method.biasName())
        .put("projection_prng_key", method.projectionPrngKey())
        .put("save_projection", method.saveProjection());
    TargetFields.write(peft, method.targets());
    TargetFields.writeWhole(peft, method.modulesToSave());
  }
}
