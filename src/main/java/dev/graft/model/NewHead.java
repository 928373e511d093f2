package dev.graft.model;

import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.List;

/** The parameters of a task's head that the checkpoint lacks, or has in another shape. */
public final class NewHead {
  private NewHead() {}

  /** Returns the new parameters. */
  public static List<Parameter> of(ModelDirectory base) {
    return base.config().newHead().stream()
        .filter(each -> !base.weights().has(each.name(), each.shape()))
        .toList();
  }

  /**
   * Returns their start as in transformers: weights normal with {@code initializer_range}, biases
   * zero.
   */
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
