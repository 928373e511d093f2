package dev.graft.weights;

import java.util.ArrayList;
import java.util.List;

/**
 * GPT-NeoX and Pythia: LayerNorm, partial rotary positions; {@code query_key_value} contains q, k
 * and v of one head after the other, (heads, 3, headDim).
 *
 * @param attentionBias whether {@code query_key_value} and {@code dense} have biases
 * @param useParallelResidual whether attention and MLP both read the layer's input
 */
public record GptNeoXConfig(
    ModelConfig.Basics basics,
    int heads,
    int intermediateSize,
    ModelConfig.Activation activation,
    double layerNormEps,
    boolean attentionBias,
    boolean useParallelResidual,
    Rope rope)
    implements ModelConfig {
  @Override
  public GptNeoXConfig withTask(Task task) {
    return new GptNeoXConfig(
        basics.withTask(task),
        heads,
        intermediateSize,
        activation,
        layerNormEps,
        attentionBias,
        useParallelResidual,
        rope);
  }

  public int headDim() {
    return hiddenSize() / heads;
  }

  @Override
  public Names names() {
    return new Names("gpt_neox.", "gpt_neox.layers", "gpt_neox.embed_in", "embed_out", "score");
  }

  @Override
  public List<Leaf> leaves() {
    int hidden = hiddenSize();
    List<Leaf> leaves = new ArrayList<>();
    leaves.add(Leaf.embedding("gpt_neox.embed_in", vocabSize(), hidden));
    for (int i = 0; i < numHiddenLayers(); i++) {
      String layer = layerPrefix(i);
      String attention = layer + "attention.";
      leaves.add(Leaf.layerNorm(layer + "input_layernorm", hidden));
      leaves.add(Leaf.linear(attention + "query_key_value", 3 * hidden, hidden, attentionBias));
      leaves.add(Leaf.linear(attention + "dense", hidden, hidden, attentionBias));
      leaves.add(Leaf.layerNorm(layer + "post_attention_layernorm", hidden));
      leaves.add(Leaf.linear(layer + "mlp.dense_h_to_4h", intermediateSize, hidden, true));
      leaves.add(Leaf.linear(layer + "mlp.dense_4h_to_h", hidden, intermediateSize, true));
    }
    leaves.add(Leaf.layerNorm("gpt_neox.final_layer_norm", hidden));
    leaves.addAll(DecoderConfig.DecoderHeads.leaves(this));
    return leaves;
  }

  /** Old checkpoints store the causal mask and the rope frequencies. */
  @Override
  public boolean ignores(String tensor) {
    return tensor.endsWith(".attention.bias")
        || tensor.endsWith(".attention.masked_bias")
        || tensor.endsWith(".rotary_emb.inv_freq")
        || DecoderConfig.DecoderHeads.ignores(this, tensor);
  }
}
