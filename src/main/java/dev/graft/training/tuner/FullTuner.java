package dev.graft.training.tuner;

import dev.graft.training.program.Statement;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.NamedTensor;
import java.util.List;

/** Full fine-tuning: every parameter of the base trains, from its own value. */
final class FullTuner implements Tuner {
  private final ModelConfig config;

  FullTuner(ModelConfig config) {
    this.config = config;
  }

  @Override
  public List<Slot> slots() {
    return config.parameters().stream()
        .map(each -> new Slot(each.name(), each.shape(), each.kind() == Kind.LAYER_NORM))
        .toList();
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return List.of();
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return statements;
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    return trained;
  }
}
