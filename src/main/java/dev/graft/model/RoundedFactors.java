package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import java.util.Collection;
import java.util.List;

/**
 * Copies of factors of low-rank paths in the element type of products: what {@code torch.autocast}
 * rounds in each forward, rounded when the factors change instead.
 */
final class RoundedFactors {
  private final DeviceMemory memory;
  private final PtNDArray[] exact;
  private final PtNDArray[] copies;

  /**
   * @param tensors get the copies: products read them from then on
   * @param names of the factors
   */
  public RoundedFactors(DeviceMemory memory, ModelTensors tensors, Collection<String> names) {
    this.memory = memory;
    List<String> all = names.stream().sorted().toList();
    exact = all.stream().map(tensors::require).toArray(PtNDArray[]::new);
    copies = new PtNDArray[exact.length];
    for (int i = 0; i < exact.length; i++) {
      copies[i] = memory.empty(exact[i].getShape().getShape(), tensors.kind());
      tensors.putRounded(all.get(i), exact[i], copies[i]);
    }
  }

  /** After the factors have changed. */
  public void compute() {
    if (exact.length > 0) memory.module().run("copy_all", copies, exact);
  }
}
