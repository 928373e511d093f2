package dev.graft.model;

import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.List;

/** What a task asks for and the checkpoint does not have, in the shape it should have. */
public final class NewHead {
  private NewHead() {}

  /** The parameters that are new. */
  public static List<Parameter> of(ModelDirectory base) {
    return base.config().newHead().stream()
        .filter(each -> !base.weights().has(each.name(), each.shape()))
        .toList();
  }

  /** Their start, as transformers': weights normal with {@code initializer_range}, biases zero. */
  public static List<NamedTensor> start(ModelDirectory base, long seed) {
    ModelConfig config = base.config();
    return of(base).stream()
        .map(each -> new Slot(each.name(), each.shape()))
        .map(
            slot ->
                slot.name().endsWith(".bias")
                    ? Starts.zeros(slot)
                    : Starts.normal(slot, config.initializerRange(), seed))
        .toList();
  }
}
