package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.TorchScriptModule;
import java.util.Objects;

/** One text that a decoder reads piece by piece, with the keys and values of what it has read. */
public final class Continuation implements AutoCloseable {
  /** TorchScript methods for the module given to the constructor. */
  public static final String METHODS =
      """
        def grown(self: __torch__.Model,
          old: Tensor,
          length: int) -> Tensor:
          heads, used, size, = torch.size(old)
          new = torch.zeros([heads, length, size], dtype=ops.prim.dtype(old), layout=None, device=ops.prim.device(old), pin_memory=None)
          _0 = torch.copy_(torch.narrow(new, 1, 0, used), old)
          return new
      """;

  /** Queries that are scored at a time: bounds the memory of attention over a long prompt. */
  private static final int QUERY_BLOCK = 128;

  private final Transformer model;
  private final DeviceMemory memory;
  private final KeyValueCache cache;

  /** Tokens read, virtual ones included: where the next one goes in the cache. */
  private int length;

  /**
   * @param module has {@link #METHODS}; not closed here
   */
  public Continuation(Transformer model, DeviceMemory memory, TorchScriptModule module) {
    this.model = model;
    this.memory = memory;
    this.cache = new KeyValueCache(memory, module, model.family(), model.kind());
    this.length = model.virtualTokens().keys();
  }

  /**
   * Reads tokens in one pass.
   *
   * @return (vocabulary) the logits of the token after them
   */
  public float[] read(int[] tokens) {
    return logits(tokens, true);
  }

  /**
   * Reads tokens in one pass.
   *
   * @return (tokens x vocabulary) the logits of the token after each
   */
  public float[][] readEach(int[] tokens) {
    float[] flat = logits(tokens, false);
    float[][] rows = new float[tokens.length][flat.length / tokens.length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(flat, i * rows[i].length, rows[i], 0, rows[i].length);
    }
    return rows;
  }

  private float[] logits(int[] tokens, boolean ofLast) {
    Family family = model.family();
    int virtual = length == 0 ? model.virtualTokens().rows() : 0;
    TokenLayout batch =
        TokenLayout.of(new int[][] {tokens}, family.config().vocabSize(), virtual, false);
    cache.require(length + batch.size());
    long[] picked = ofLast ? new long[] {batch.size() - 1} : batch.everyPlace();
    try (PtNDManager scope = memory.scope();
        BatchInputs inputs =
            BatchInputs.of(
                model,
                scope,
                batch,
                length,
                picked,
                new long[0],
                ComputePlan.Attention.CHUNKS,
                QUERY_BLOCK)) {
      IValue x = IValue.from(inputs.ids());
      for (int i = 0; i < model.stages().size(); i++) {
        try (IValue before = x) {
          x = decode(i, before, inputs);
        }
      }
      length += batch.size();
      try (IValue hidden = x) {
        return memory
            .module()
            .call(scope, "logits", hidden, output(), family.logitSoftcap())
            .getFirst()
            .toFloatArray();
      }
    }
  }

  /** Tokens read, virtual ones included. */
  public int length() {
    return length;
  }

  /** Goes back to an earlier {@link #length}; what comes next is written over what was there. */
  public void forget(int toLength) {
    if (toLength < 0 || toLength > length) throw new IllegalArgumentException("no such length");
    length = toLength;
  }

  private PtNDArray output() {
    return model.tensor(Objects.requireNonNull(model.output(), "the model predicts no tokens"));
  }

  private IValue decode(int index, IValue x, BatchInputs inputs) {
    Transformer.Stage stage = model.stages().get(index);
    int layer = index - 1;
    if (layer < 0) {
      return model
          .module()
          .invoke(
              stage.program() + "_decode",
              x,
              stage.weights(),
              inputs.context(),
              inputs.chunks(),
              inputs.windowed(),
              length);
    }
    if (layer >= model.family().config().numHiddenLayers()) {
      return model
          .module()
          .invoke(
              stage.program() + "_infer",
              x,
              stage.weights(),
              inputs.context(),
              inputs.chunks(),
              inputs.windowed());
    }
    return model
        .module()
        .invoke(
            stage.program() + "_decode",
            x,
            stage.weights(),
            inputs.context(),
            inputs.chunks(),
            inputs.windowed(),
            cache.keys(layer),
            cache.values(layer),
            length);
  }

  @Override
  public void close() {
    cache.close();
  }

  /**
   * Keys and values of the tokens so far, a buffer of each for every layer. It grows by doubling,
   * so that a high bound on the answer costs nothing until it is used.
   */
  static final class KeyValueCache implements AutoCloseable {
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
}
