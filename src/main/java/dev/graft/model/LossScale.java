package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.spec.Precision;
import dev.graft.weights.NamedTensor;
import java.util.Map;

/**
 * The factor of gradients that keeps small ones from becoming 0 in f16: a power of two, as in
 * {@code torch.amp.GradScaler}. It doubles after 2,000 updates and is halved when gradients
 * overflow. Unlike there, the step is then repeated, so that no row is skipped.
 */
final class LossScale {
  private static final double FIRST = 1 << 16;
  private static final double MOST = 1 << 24;
  private static final int GROWS_AFTER = 2_000;

  private final DeviceMemory memory;
  private final Map<String, PtNDArray> state;
  private double value;
  private long updates;

  private LossScale(DeviceMemory memory, Map<String, PtNDArray> state, double value) {
    this.memory = memory;
    this.state = state;
    this.value = value;
  }

  /** Returns a scale that is always 1 in all types except f16. */
  public static LossScale of(DeviceMemory memory, Precision precision) {
    return precision == Precision.F16
        ? new LossScale(memory, Map.of("loss_scale", memory.zeros(2)), FIRST)
        : new LossScale(memory, Map.of(), 1);
  }

  public double value() {
    return value;
  }

  /** Counts an update with this scale. */
  public void updated() {
    if (state.isEmpty() || ++updates < GROWS_AFTER) return;
    updates = 0;
    value = Math.min(2 * value, MOST);
  }

  /**
   * Halves the scale after gradients that are not finite.
   *
   * @return whether it is lower now
   */
  public boolean lower() {
    if (value <= 1) return false;
    value /= 2;
    updates = 0;
    return true;
  }

  /** Returns the state for a checkpoint, as of the last {@link #write}. */
  public Map<String, PtNDArray> state() {
    return state;
  }

  /** Writes the scale into its state. */
  public void write() {
    state.forEach(
        (name, tensor) ->
            memory.fill(
                tensor, NamedTensor.of(name, new float[] {(float) value, (float) updates}, 2)));
  }

  /** Reads the scale from its state. */
  public void read() {
    for (PtNDArray each : state.values()) {
      float[] values = each.toFloatArray();
      value = values[0];
      updates = (long) values[1];
    }
  }
}
