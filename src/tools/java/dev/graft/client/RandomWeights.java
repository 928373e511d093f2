package dev.graft.client;

import dev.graft.weights.Dtype;
import dev.graft.weights.NamedTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A Llama before its first step, as {@code transformers} starts one: normal with deviation 0.02,
 * norms at one. bf16, the type the trained model is shipped in.
 */
final class RandomWeights {
  private static final double DEVIATION = 0.02;

  private final Random random;
  private final List<NamedTensor> tensors = new ArrayList<>();

  private RandomWeights(long seed) {
    random = new Random(seed);
  }

  static List<NamedTensor> draw(Architecture shape, long seed) {
    var weights = new RandomWeights(seed);
    weights.normal("model.embed_tokens", BpeTokenizer.VOCABULARY, shape.hidden());
    for (int i = 0; i < shape.layers(); i++) weights.layer("model.layers." + i + ".", shape);
    weights.ones("model.norm", shape.hidden());
    return weights.tensors;
  }

  private void layer(String layer, Architecture shape) {
    int hidden = shape.hidden();
    ones(layer + "input_layernorm", hidden);
    normal(layer + "self_attn.q_proj", hidden, hidden);
    normal(layer + "self_attn.k_proj", shape.keyValueWidth(), hidden);
    normal(layer + "self_attn.v_proj", shape.keyValueWidth(), hidden);
    normal(layer + "self_attn.o_proj", hidden, hidden);
    ones(layer + "post_attention_layernorm", hidden);
    normal(layer + "mlp.gate_proj", shape.intermediate(), hidden);
    normal(layer + "mlp.up_proj", shape.intermediate(), hidden);
    normal(layer + "mlp.down_proj", hidden, shape.intermediate());
  }

  private void normal(String module, int rows, int columns) {
    var data = bytes(rows * columns);
    while (data.hasRemaining()) data.putShort(bfloat16(random.nextGaussian() * DEVIATION));
    tensors.add(
        new NamedTensor(
            module + ".weight", Dtype.BF16, new long[] {rows, columns}, data.flip().slice()));
  }

  private void ones(String module, int size) {
    var data = bytes(size);
    while (data.hasRemaining()) data.putShort(bfloat16(1));
    tensors.add(
        new NamedTensor(module + ".weight", Dtype.BF16, new long[] {size}, data.flip().slice()));
  }

  private static ByteBuffer bytes(int elements) {
    return ByteBuffer.allocate(elements * Dtype.BF16.bytes()).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The upper half of the float's bits: the rounding is as good as any for random numbers. */
  private static short bfloat16(double value) {
    return (short) (Float.floatToRawIntBits((float) value) >>> 16);
  }
}
