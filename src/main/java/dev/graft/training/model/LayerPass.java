package dev.graft.training.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * One micro-batch on its way up and down the layers, under one plan. What the way up leaves for the
 * way down is a stack with one entry a layer that trains or lies above one that does. Closing frees
 * what is left of it after an error.
 */
abstract sealed class LayerPass implements AutoCloseable
    permits KeepPass, RecomputePass, AutogradPass {
  /** Arguments that every method of a layer takes. */
  record Positions(PtNDArray cos, PtNDArray sin, int queryBlock) {}

  final Decoder decoder;
  final Positions positions;
  final Deque<IValue> stack = new ArrayDeque<>();
  private final double dropout;
  private final long dropoutSeed;

  LayerPass(Decoder decoder, Positions positions, double dropout, long dropoutSeed) {
    this.decoder = decoder;
    this.positions = positions;
    this.dropout = dropout;
    this.dropoutSeed = dropoutSeed;
  }

  static LayerPass of(
      Plan.Kind kind, Decoder decoder, Positions positions, double dropout, long dropoutSeed) {
    return switch (kind) {
      case KEEP -> new KeepPass(decoder, positions, dropout, dropoutSeed);
      case RECOMPUTE -> new RecomputePass(decoder, positions, dropout, dropoutSeed);
      case AUTOGRAD -> new AutogradPass(decoder, positions, dropout, dropoutSeed);
    };
  }

  /** One layer up; remembers on the stack what {@link #backward} needs. Does not close x. */
  abstract IValue forward(int layer, Decoder.Layer of, IValue x);

  /**
   * One layer down: takes from the stack, adds to the gradients of the layer.
   *
   * @param g gradient of the layer's output, used up but not closed
   * @param input whether the gradient of the layer's input is wanted
   */
  abstract @Nullable IValue backward(int layer, Decoder.Layer of, IValue g, boolean input);

  /** All layers up; closes x. */
  IValue up(IValue x, int lowest) {
    IValue current = x;
    for (int i = 0; i < decoder.layers().size(); i++) {
      Decoder.Layer layer = decoder.layers().get(i);
      IValue next = null;
      try {
        next = i < lowest ? infer(layer, current) : forward(i, layer, current);
      } finally {
        if (next == null || !stack.contains(current)) current.close();
      }
      current = next;
    }
    return current;
  }

  /**
   * Down to the lowest layer that trains; closes g.
   *
   * @param input whether the gradient of the lowest layer's input is wanted
   */
  @Nullable IValue down(IValue g, int lowest, boolean input) {
    IValue current = g;
    for (int i = decoder.layers().size() - 1; i >= lowest; i--) {
      IValue next;
      try {
        next = backward(i, decoder.layers().get(i), current, input || i > lowest);
      } finally {
        current.close();
      }
      if (next == null) return null;
      current = next;
    }
    return current;
  }

  IValue infer(Decoder.Layer layer, IValue x) {
    return decoder
        .module()
        .invoke(
            layer.program() + "_infer",
            x,
            layer.weights(),
            positions.cos(),
            positions.sin(),
            positions.queryBlock());
  }

  /** Forward with what backward needs: (y, saved). */
  IValue[] forwardSaving(int index, Decoder.Layer layer, IValue x) {
    seed(index);
    try (IValue both =
        decoder
            .module()
            .invoke(
                layer.program() + "_forward",
                x,
                layer.weights(),
                positions.cos(),
                positions.sin(),
                positions.queryBlock())) {
      return both.toIValueTuple();
    }
  }

  @Nullable IValue backwardSaved(Decoder.Layer layer, IValue g, IValue saved, boolean input) {
    IValue result =
        decoder
            .module()
            .invoke(
                layer.program() + (input ? "_backward" : "_backward_first"),
                g,
                saved,
                layer.weights(),
                layer.gradients(),
                positions.cos(),
                positions.sin(),
                positions.queryBlock());
    if (input) return result;
    result.close();
    return null;
  }

  /** Dropout masks are those of (seed of the micro-batch, layer), however often it is computed. */
  void seed(int layer) {
    if (dropout > 0) JniUtils.setSeed(dropoutSeed * 31 + layer);
  }

  @Override
  public void close() {
    while (!stack.isEmpty()) stack.pop().close();
  }
}
