package dev.graft.training.model;

import dev.graft.spec.Quantization;
import dev.graft.spec.method.AdapterMethod.Lora;
import dev.graft.spec.method.LoraInit.Loftq;
import dev.graft.training.model.device.BaseWeights;
import dev.graft.training.model.family.Family;
import dev.graft.training.model.forward.ModelProgram;
import dev.graft.training.tuner.Tuners;
import dev.graft.training.tuner.part.Computed;
import dev.graft.training.tuner.part.Rewrite;
import dev.graft.training.tuner.part.Tuner;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.config.ModelConfig;
import dev.graft.weights.config.basics.Dropouts;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The text that a model runs while it trains, made from the headers of the base's files alone. */
public final class TrainingProgram {
  private TrainingProgram() {}

  /**
   * @throws dev.graft.weights.files.BadModel if the base's files are damaged
   * @throws IllegalArgumentException if the method does not fit the base, saying where
   */
  public static ModelProgram of(ModelDirectory base, TrainingSetup recipe) {
    Tuner tuner = Tuners.of(recipe.method(), base);
    Set<String> trained = new HashSet<>();
    tuner.slots().forEach(each -> trained.add(each.name()));
    tuner.columns().forEach(each -> trained.add(each.name()));
    Computed computed = tuner.computed();
    if (computed != null) trained.add(computed.name());
    Map<String, ModelConfig.Parameter> parameters =
        base.config().parameters().stream()
            .collect(Collectors.toMap(ModelConfig.Parameter::name, each -> each));
    BaseWeights weights = new BaseWeights(base, quantization(recipe));
    boolean adaptedOnly = loftq(recipe) != null;
    return ModelProgram.of(
        family(base, recipe),
        adapter(tuner, recipe),
        trained::contains,
        name -> {
          ModelConfig.Parameter of = parameters.get(name);
          if (of == null) return null;
          boolean trains = trained.contains(name);
          String factor = name.replaceAll("weight$", "lora_A.weight");
          if (adaptedOnly && !trains && !trained.contains(factor)) return null;
          return weights.form(of, trains, recipe.execution().precision());
        });
  }

  /** LoftQ rounds the weights that it adapts, and no others. */
  private static @Nullable Quantization quantization(TrainingSetup recipe) {
    Loftq loftq = loftq(recipe);
    if (loftq == null) return recipe.quantization();
    return loftq.bits() == 4
        ? new Quantization.FourBit(Quantization.QuantType.NF4, false)
        : new Quantization.EightBit();
  }

  private static @Nullable Loftq loftq(TrainingSetup recipe) {
    return recipe.method() instanceof Lora lora && lora.initLoraWeights() instanceof Loftq loftq
        ? loftq
        : null;
  }

  static Family family(ModelDirectory base, TrainingSetup recipe) {
    boolean dropout = !recipe.regularisation().disableDropout();
    return Family.of(base.config(), dropout ? base.config().dropouts() : Dropouts.NONE);
  }

  static Rewrite adapter(Tuner tuner, TrainingSetup recipe) {
    double alpha = recipe.regularisation().neftuneNoiseAlpha();
    return alpha > 0 ? new NoisyRows(tuner, alpha) : tuner;
  }
}
