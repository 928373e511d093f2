package dev.graft.model;

import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.Embedding.Noise;
import dev.graft.kernels.LayerTensors.WeightForm;
import dev.graft.kernels.Statement;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.ModelDirectory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Creates the text that a model runs in training from the headers of the base's files alone. */
public final class TrainingProgram {
  private TrainingProgram() {}

  /**
   * @throws dev.graft.weights.BadModel if the base's files are damaged
   * @throws IllegalArgumentException if the method does not fit the base, saying where
   */
  public static ModelProgram of(ModelDirectory base, TrainingSetup recipe) {
    Tuner tuner = Tuner.of(recipe.method(), base);
    Set<String> trained = new HashSet<>();
    tuner.slots().forEach(each -> trained.add(each.name()));
    tuner.columns().forEach(each -> trained.add(each.name()));
    Tuner.Computed computed = tuner.computed();
    if (computed != null) trained.add(computed.name());
    Map<String, ModelConfig.Parameter> parameters =
        base.config().parameters().stream()
            .collect(Collectors.toMap(ModelConfig.Parameter::name, each -> each));
    Execution execution = recipe.execution();
    Set<String> rounded = execution.autocast() ? tuner.factors() : Set.of();
    Set<String> turned =
        recipe.turned(base, tuner).stream()
            .map(ModelConfig.Parameter::name)
            .collect(Collectors.toSet());
    BaseWeights weights = new BaseWeights(base, recipe.quantization(), tuner);
    return ModelProgram.of(
        family(base, recipe),
        adapter(tuner, recipe),
        trained::contains,
        name -> {
          if (rounded.contains(name)) return ModelTensors.roundedForm(execution.precision());
          if (turned.contains(name)) return new WeightForm.Twice();
          ModelConfig.Parameter of = parameters.get(name);
          if (of == null) return null;
          return weights.form(of, trained.contains(name), execution.precision());
        });
  }

  static Family family(ModelDirectory base, TrainingSetup recipe) {
    boolean dropout = !recipe.regularisation().disableDropout();
    return Family.of(base.config(), dropout ? base.config().dropouts() : Dropouts.NONE);
  }

  static Rewrite adapter(Tuner tuner, TrainingSetup recipe) {
    double alpha = recipe.regularisation().neftuneNoiseAlpha();
    return alpha > 0 ? new NoisyRows(tuner, alpha) : tuner;
  }

  /**
   * Adds NEFTune's noise to the output of the token table, adapters of the table included, as
   * transformers' hook on the embedding module does.
   */
  record NoisyRows(Rewrite adapter, double alpha) implements Rewrite {
    @Override
    public List<Statement> apply(String prefix, List<Statement> statements) {
      List<Statement> rewritten = new ArrayList<>(adapter.apply(prefix, statements));
      int rows = rewritten.stream().map(Statement::output).toList().lastIndexOf(Embed.ROWS);
      if (rows >= 0) rewritten.add(rows + 1, new Noise(Embed.ROWS, alpha, virtualTokens().rows()));
      return rewritten;
    }

    @Override
    public String output(String ofBase) {
      return adapter.output(ofBase);
    }

    @Override
    public Rewrite.VirtualTokens virtualTokens() {
      return adapter.virtualTokens();
    }
  }
}
