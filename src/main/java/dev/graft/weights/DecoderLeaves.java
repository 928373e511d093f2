package dev.graft.weights;

import dev.graft.weights.DecoderConfig.Placement;
import java.util.ArrayList;
import java.util.List;

/** The modules of a {@link DecoderConfig} and how they are called. */
final class DecoderLeaves {
  private final DecoderConfig config;
  private final int hidden;
  private final Placement placement;

  DecoderLeaves(DecoderConfig config) {
    this.config = config;
    this.hidden = config.hiddenSize();
    this.placement = config.norms().placement();
  }

  List<Leaf> all() {
    List<Leaf> leaves = new ArrayList<>();
    leaves.add(Leaf.embedding("model.embed_tokens", config.vocabSize(), hidden));
    for (int i = 0; i < config.numHiddenLayers(); i++) layer(leaves, config.layerPrefix(i));
    leaves.add(Leaf.rmsNorm("model.norm", hidden));
    leaves.addAll(DecoderHeads.leaves(config));
    return leaves;
  }

  private void layer(List<Leaf> leaves, String layer) {
    if (placement != Placement.POST) norm(leaves, layer + "input_layernorm");
    attention(leaves, layer + "self_attn.");
    norm(leaves, layer + "post_attention_layernorm");
    if (placement == Placement.SANDWICH) norm(leaves, layer + "pre_feedforward_layernorm");
    feedForward(leaves, layer + "mlp.");
    if (placement != Placement.PRE) norm(leaves, layer + "post_feedforward_layernorm");
  }

  private void norm(List<Leaf> leaves, String path) {
    leaves.add(Leaf.rmsNorm(path, hidden));
  }

  private void attention(List<Leaf> leaves, String path) {
    DecoderConfig.Attention of = config.attention();
    int queries = of.queryWidth();
    int keys = of.keyWidth();
    boolean bias = of.bias();
    if (config.fused()) {
      leaves.add(Leaf.linear(path + "qkv_proj", queries + 2 * keys, hidden, bias));
    } else {
      leaves.add(Leaf.linear(path + "q_proj", queries, hidden, bias));
      leaves.add(Leaf.linear(path + "k_proj", keys, hidden, bias));
      leaves.add(Leaf.linear(path + "v_proj", keys, hidden, bias));
    }
    switch (of.qkNorm()) {
      case NONE -> {}
      case PER_HEAD -> {
        leaves.add(Leaf.rmsNorm(path + "q_norm", of.headDim()));
        leaves.add(Leaf.rmsNorm(path + "k_norm", of.headDim()));
      }
      case FULL_WIDTH -> {
        leaves.add(Leaf.rmsNorm(path + "q_norm", queries));
        leaves.add(Leaf.rmsNorm(path + "k_norm", keys));
      }
    }
    leaves.add(Leaf.linear(path + "o_proj", hidden, queries, of.outputBias()));
  }

  private void feedForward(List<Leaf> leaves, String path) {
    int size = config.feedForward().size();
    boolean bias = config.feedForward().bias();
    if (config.fused()) {
      leaves.add(Leaf.linear(path + "gate_up_proj", 2 * size, hidden, bias));
    } else {
      leaves.add(Leaf.linear(path + "gate_proj", size, hidden, bias));
      leaves.add(Leaf.linear(path + "up_proj", size, hidden, bias));
    }
    leaves.add(Leaf.linear(path + "down_proj", hidden, size, bias));
  }
}
