package dev.graft.training.model;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.kernels.TorchScriptModule;
import java.util.Arrays;

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
        def last(self: __torch__.Model,
          x: Tensor) -> Tensor:
          return torch.narrow(x, 0, torch.size(x, 0) - 1, 1)
        def likeliest(self: __torch__.Model,
          logits: Tensor) -> Tensor:
          return torch.argmax(logits, 1)
      """;

  /** Queries that are scored at a time: bounds the memory of attention over a long prompt. */
  private static final int QUERY_BLOCK = 128;

  private final Decoder decoder;
  private final DeviceMemory memory;
  private final TorchScriptModule module;
  private final KeyValueCache cache;
  private final RopeTable rope;
  private int length;

  /**
   * @param module has {@link #METHODS}; not closed here
   */
  public Continuation(Decoder decoder, DeviceMemory memory, TorchScriptModule module) {
    this.decoder = decoder;
    this.memory = memory;
    this.module = module;
    this.cache = new KeyValueCache(memory.scope(), module, decoder.family());
    this.rope = new RopeTable(decoder.family().inverseFrequencies());
  }

  /**
   * Reads tokens in one pass.
   *
   * @return the token with the largest logit after them; of equal ones the first
   */
  public int read(int[] tokens) {
    cache.require(length + tokens.length);
    try (PtNDManager scope = memory.scope()) {
      long[] ids = Arrays.stream(tokens).asLongStream().toArray();
      PtNDArray cos = rope.cos(scope, length, tokens.length);
      PtNDArray sin = rope.sin(scope, length, tokens.length);
      IValue x = decoder.embed((PtNDArray) scope.create(ids, new Shape(ids.length)));
      for (int i = 0; i < decoder.layers().size(); i++) {
        try (IValue before = x) {
          x = decode(i, before, cos, sin);
        }
      }
      length += tokens.length;
      try (IValue all = x;
          IValue last = module.invoke("last", all)) {
        PtNDArray logits = decoder.logits(scope, last);
        return (int) module.call(scope, "likeliest", logits).getFirst().getLong();
      }
    }
  }

  private IValue decode(int index, IValue x, PtNDArray cos, PtNDArray sin) {
    Decoder.Layer layer = decoder.layers().get(index);
    return decoder
        .module()
        .invoke(
            layer.program() + "_decode",
            x,
            layer.weights(),
            cos,
            sin,
            cache.keys(index),
            cache.values(index),
            length,
            QUERY_BLOCK);
  }

  @Override
  public void close() {
    cache.close();
  }
}
