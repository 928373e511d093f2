package dev.graft.weights;

import java.util.ArrayList;
import java.util.List;

/**
 * DistilBERT: BERT without token types, with a head {@code pre_classifier}, ReLU, {@code
 * classifier} over the first token.
 */
public record DistilBertConfig(
    ModelConfig.Basics basics, int heads, int intermediateSize, ModelConfig.Activation activation)
    implements ModelConfig {
  /** Not in the configuration. */
  public static final double LAYER_NORM_EPS = 1e-12;

  public DistilBertConfig {
    BertConfig.outputs(basics);
  }

  @Override
  public DistilBertConfig withTask(Task task) {
    return new DistilBertConfig(basics.withTask(task), heads, intermediateSize, activation);
  }

  @Override
  public Names names() {
    return new Names(
        "distilbert.",
        "distilbert.transformer.layer",
        "distilbert.embeddings.word_embeddings",
        "",
        "classifier");
  }

  @Override
  public List<Leaf> leaves() {
    int hidden = hiddenSize();
    String embeddings = "distilbert.embeddings.";
    List<Leaf> leaves = new ArrayList<>();
    leaves.add(Leaf.embedding(embeddings + "word_embeddings", vocabSize(), hidden));
    leaves.add(Leaf.embedding(embeddings + "position_embeddings", maxPositionEmbeddings(), hidden));
    leaves.add(Leaf.layerNorm(embeddings + "LayerNorm", hidden));
    for (int i = 0; i < numHiddenLayers(); i++) {
      String layer = layerPrefix(i);
      for (String name : List.of("q_lin", "k_lin", "v_lin", "out_lin")) {
        leaves.add(Leaf.linear(layer + "attention." + name, hidden, hidden, true));
      }
      leaves.add(Leaf.layerNorm(layer + "sa_layer_norm", hidden));
      leaves.add(Leaf.linear(layer + "ffn.lin1", intermediateSize, hidden, true));
      leaves.add(Leaf.linear(layer + "ffn.lin2", hidden, intermediateSize, true));
      leaves.add(Leaf.layerNorm(layer + "output_layer_norm", hidden));
    }
    leaves.add(Leaf.linear("pre_classifier", hidden, hidden, true));
    leaves.add(Leaf.linear("classifier", BertConfig.outputs(basics), hidden, true));
    return leaves;
  }

  /** The head of pre-training. */
  @Override
  public boolean ignores(String tensor) {
    return tensor.startsWith("vocab_");
  }
}
