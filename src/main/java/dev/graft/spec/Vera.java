package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora.LoraVariant.Bias;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * VeRA (Kopiczko et al. 2023): {@code y = Wx + lambda_b * (B (lambda_d * (A x)))}, where A and B
 * are random, shared by all layers, and do not train.
 *
 * @param veraDropout dropout of the inputs in training
 * @param dInitial initial value of lambda_d; lambda_b starts at 0
 * @param initWeights false: lambda_d starts as N(0, 1) and lambda_b at 1
 * @param bias which biases of the base train; PEFT calls those of adapted modules {@code vera_only}
 * @param projectionPrngKey seed of A and B, for torch's generator
 * @param saveProjection whether A and B are saved with the trained vectors
 */
public record Vera(
    int r,
    Targets targets,
    double veraDropout,
    double dInitial,
    boolean initWeights,
    Bias bias,
    int projectionPrngKey,
    boolean saveProjection,
    List<String> modulesToSave)
    implements AdapterMethod.Targeted {
  static final String TYPE = "VERA";

  private static final String ONLY = "vera_only";
  private static final int LARGEST_R = 16_384;
  private static final double MOST_D = 1e6;

  /** PEFT's defaults. */
  public static final Vera DEFAULT =
      new Vera(
          256,
          new Targets(new TargetModules.FamilyDefault()),
          0,
          0.1,
          true,
          Bias.NONE,
          0,
          true,
          List.of());

  /** Returns PEFT's name of {@link #bias}. */
  public String biasName() {
    return bias == Bias.LORA_ONLY ? ONLY : bias.wireName();
  }

  public Vera {
    modulesToSave = List.copyOf(modulesToSave);
    if (r < 1) throw new IllegalArgumentException("r must be >= 1");
    if (!(veraDropout >= 0 && veraDropout < 1)) {
      throw new IllegalArgumentException("vera_dropout must be in [0, 1)");
    }
    if (!Double.isFinite(dInitial)) throw new IllegalArgumentException("d_initial must be finite");
    if (projectionPrngKey < 0)
      throw new IllegalArgumentException("projection_prng_key must be >= 0");
  }

  static Vera read(Fields peft) {
    Targets targets = Targets.read(peft, null, new TargetModules.FamilyDefault(), true);
    if (!targets.excludeModules().equals(Targets.NONE)) {
      peft.refuse("exclude_modules", "unknown setting: PEFT's VeRA does not have it");
    }
    peft.known("fan_in_fan_out"); // follows from the base
    return new Vera(
        peft.integer("r", 1, LARGEST_R, DEFAULT.r),
        targets,
        peft.number("vera_dropout", 0, 0.999, DEFAULT.veraDropout),
        peft.number("d_initial", -MOST_D, MOST_D, DEFAULT.dInitial),
        peft.bool("init_weights", DEFAULT.initWeights),
        bias(peft),
        peft.integer("projection_prng_key", 0, Integer.MAX_VALUE, 0),
        peft.bool("save_projection", DEFAULT.saveProjection),
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
        peft.refuse("bias", "must be one of none, all, vera_only");
        yield Bias.NONE;
      }
    };
  }

  @Override
  public void write(ObjectNode peft) {
    peft.put("peft_type", TYPE)
        .put("r", r)
        .put("vera_dropout", veraDropout)
        .put("d_initial", dInitial)
        .put("init_weights", initWeights)
        .put("bias", biasName())
        .put("projection_prng_key", projectionPrngKey)
        .put("save_projection", saveProjection);
    targets.write(peft);
    Targets.writeNames(peft, "modules_to_save", modulesToSave);
  }
}
