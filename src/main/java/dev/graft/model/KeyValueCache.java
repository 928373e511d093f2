package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.kernels.TorchScriptModule;

/**
 * Keys and values of the tokens so far, a buffer of each for every layer. It grows by doubling, so
 * that a high bound on the answer costs nothing until it is used.
 */
final class KeyValueCache implements AutoCloseable {
  private static final int FIRST = 64;

  private final PtNDManager manager;
  private final TorchScriptModule module;
  private final PtNDArray[] keys;
  private final PtNDArray[] values;
  private int length;

  /**
   * @param module has the method {@code grown}
   * @param kind torch's number of their element type
   */
  KeyValueCache(DeviceMemory memory, TorchScriptModule module, Family family, int kind) {
    this.manager = memory.scope();
    this.module = module;
    int layers = family.config().numHiddenLayers();
    this.keys = new PtNDArray[layers];
    this.values = new PtNDArray[layers];
    long[] empty = {family.keyValueHeads(), 0, family.headDim()};
    try (PtNDArray like = (PtNDArray) manager.create(0f)) {
      for (int i = 0; i < layers; i++) {
        keys[i] = memory.module().call(manager, "empty", like, empty, kind).getFirst();
        values[i] = memory.module().call(manager, "empty", like, empty, kind).getFirst();
      }
    }
  }

  /** Makes room for that many tokens; those before keep their keys and values. */
  void require(int tokens) {
    if (tokens <= length) return;
    length = Math.max(Math.max(tokens, FIRST), Math.multiplyExact(2, length));
    for (int i = 0; i < keys.length; i++) {
      keys[i] = grown(keys[i]);
      values[i] = grown(values[i]);
    }
  }

  private PtNDArray grown(PtNDArray old) {
    try (PtNDArray replaced = old) {
      return module.call(manager, "grown", replaced, length).getFirst();
    }
  }

  /** (heads, room, head size) of a layer, valid until the next {@link #require}. */
  PtNDArray keys(int layer) {
    return keys[layer];
  }

  /** (heads, room, head size) of a layer, valid until the next {@link #require}. */
  PtNDArray values(int layer) {
    return values[layer];
  }

  @Override
  public void close() {
    manager.close();
  }
}
