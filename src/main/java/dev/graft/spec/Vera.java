package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.LoraVariant.Bias;
import java.util.List;

/**
 * VeRA (Kopiczko et al. 2023): {@code y = Wx + lambda_b * (B (lambda_d * (A x)))}, where A and B
 * are random, shared by all layers, and do not train.
 *
 * @param veraDropout on the inputs, in training
 * @param dInitial start of lambda_d; lambda_b starts at 0
 * @param initWeights false: lambda_d starts as N(0, 1) and lambda_b at 1
 * @param bias which biases of the base train; those of adapted modules are PEFT's {@code vera_only}
 * @param projectionPrngKey seed of A and B, in torch's generator
 * @param saveProjection whether A and B are saved beside what trained
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

  /** PEFT's name of {@link #bias}. */
  public String biasName() {
    return switch (bias) {
      case NONE -> "none";
      case ALL -> "all";
      case LORA_ONLY -> "vera_only";
    };
  }

  public Vera {
    modulesToSave = List.copyOf(modulesToSave);
    if (r < 1) throw new IllegalArgumentException("r must be >= 1");
    if (!(veraDropout >= 0 && veraDropout < 1)) {
      throw new IllegalArgumentException("vera_dropout must be in [0, 1)");
    }
    if (!Double.isFinite(dInitial)) throw new IllegalArgumentException("d_initial must be finite");
    if (projectionPrngKey < 0) throw new IllegalArgumentException("projection_prng_key is < 0");
  }
}
