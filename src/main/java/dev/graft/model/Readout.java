package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Numbers that stay on the device until one of them is asked for: then all are read, so that the
 * host waits for the device once.
 */
final class Readout {
  private final DeviceMemory memory;
  private final PtNDManager manager;
  private final List<Numbers> waiting = new ArrayList<>();

  /**
   * @param memory frees what is left when it closes
   */
  public Readout(DeviceMemory memory) {
    this.memory = memory;
    manager = memory.scope();
  }

  /** Those of one tensor. */
  public final class Numbers {
    private final PtNDArray tensor;
    private float @Nullable [] values;

    private Numbers(PtNDArray tensor) {
      this.tensor = tensor;
    }

    /** In order, as f32; truth values are 1 and 0. */
    public float[] values() {
      if (values == null) read();
      if (values == null) throw new IllegalStateException("these numbers were forgotten");
      return values;
    }
  }

  /**
   * Threads may add at the same time.
   *
   * @param tensor is taken over
   */
  public synchronized Numbers add(PtNDArray tensor) {
    tensor.attach(manager);
    Numbers added = new Numbers(tensor);
    waiting.add(added);
    return added;
  }

  /** Whether a number that waits is not finite: 1 or 0, (), on the device. */
  public PtNDArray nonfinite() {
    return memory.module().call(manager, "nonfinite", (Object) tensors()).getFirst();
  }

  private PtNDArray[] tensors() {
    return waiting.stream().map(each -> each.tensor).toArray(PtNDArray[]::new);
  }

  private void read() {
    if (waiting.isEmpty()) return;
    float[] all;
    try (PtNDManager scope = memory.scope()) {
      all = memory.module().call(scope, "joined", (Object) tensors()).getFirst().toFloatArray();
    }
    int at = 0;
    for (Numbers each : waiting) {
      int end = at + (int) each.tensor.getShape().size();
      each.values = Arrays.copyOfRange(all, at, end);
      at = end;
    }
    forget();
  }

  /** Leaves out what has not been read. */
  public void forget() {
    for (Numbers each : waiting) each.tensor.close();
    waiting.clear();
  }
}
