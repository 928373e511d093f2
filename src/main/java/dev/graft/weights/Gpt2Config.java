package dev.graft.weights;

import java.util.ArrayList;
import java.util.List;

/**
 * GPT-2: learned positions, LayerNorm, Conv1D layers; {@code c_attn} contains q, k and v one after
 * the other.
 */
public record Gpt2Config(
    ModelConfig.Basics basics,
    int heads,
    int intermediateSize,
    ModelConfig.Activation activation,
    double layerNormEpsilon)
    implements ModelConfig {
  @Override
  public Gpt2Config withTask(Task task) {
    return new Gpt2Config(
        basics.withTask(task), heads, intermediateSize, activation, layerNormEpsilon);
  }

  @Override
  public Names names() {
    return new Names("transformer.", "transformer.h", "transformer.wte", "lm_head", "score");
  }

  @Override
  public List<Leaf> leaves() {
    int hidden = hiddenSize();
    List<Leaf> leaves = new ArrayList<>();
    leaves.add(Leaf.embedding("transformer.wte", vocabSize(), hidden));
    leaves.add(Leaf.embedding("transformer.wpe", maxPositionEmbeddings(), hidden));
    for (int i = 0; i < numHiddenLayers(); i++) {
      String layer = layerPrefix(i);
      leaves.add(Leaf.layerNorm(layer + "ln_1", hidden));
      leaves.add(Leaf.conv1d(layer + "attn.c_attn", 3 * hidden, hidden));
      leaves.add(Leaf.conv1d(layer + "attn.c_proj", hidden, hidden));
      leaves.add(Leaf.layerNorm(layer + "ln_2", hidden));
      leaves.add(Leaf.conv1d(layer + "mlp.c_fc", intermediateSize, hidden));
      leaves.add(Leaf.conv1d(layer + "mlp.c_proj", hidden, intermediateSize));
    }
    leaves.add(Leaf.layerNorm("transformer.ln_f", hidden));
    leaves.addAll(DecoderConfig.DecoderHeads.leaves(this));
    return leaves;
  }

  /** Old checkpoints store the causal mask. */
  @Override
  public boolean ignores(String tensor) {
    return tensor.endsWith(".attn.bias")
        || tensor.endsWith(".attn.masked_bias")
        || DecoderConfig.DecoderHeads.ignores(this, tensor);
  }
}
