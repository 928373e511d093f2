package dev.graft.weights;

import java.util.ArrayList;
import java.util.List;

/**
 * BERT, RoBERTa and XLM-RoBERTa: post-norm encoders with learned positions and a head over the
 * first token. BERT: {@code pooler.dense}, tanh, {@code classifier}. RoBERTa: {@code
 * classifier.dense}, tanh, {@code classifier.out_proj}, and positions that count tokens other than
 * padding from {@code positionOffset}; a padding token has position {@code padTokenId}.
 *
 * @param positionOffset position of the first token: 0, or in RoBERTa {@code padTokenId + 1}
 */
public record BertConfig(
    ModelConfig.Basics basics,
    int heads,
    int intermediateSize,
    ModelConfig.Activation activation,
    double layerNormEps,
    int typeVocabSize,
    int positionOffset)
    implements ModelConfig {
  public BertConfig {
    outputs(basics);
  }

  @Override
  public BertConfig withTask(Task task) {
    return new BertConfig(
        basics.withTask(task),
        heads,
        intermediateSize,
        activation,
        layerNormEps,
        typeVocabSize,
        positionOffset);
  }

  /** Whether this is RoBERTa or XLM-RoBERTa. */
  public boolean roberta() {
    return !modelType().equals("bert");
  }

  @Override
  public int contextLength() {
    return maxPositionEmbeddings() - positionOffset;
  }

  @Override
  public Names names() {
    String base = roberta() ? "roberta." : "bert.";
    String classifier = roberta() ? "classifier.out_proj" : "classifier";
    return new Names(
        base, base + "encoder.layer", base + "embeddings.word_embeddings", "", classifier);
  }

  @Override
  public List<Leaf> leaves() {
    int hidden = hiddenSize();
    String embeddings = basePrefix() + "embeddings.";
    List<Leaf> leaves = new ArrayList<>();
    leaves.add(Leaf.embedding(embeddings + "word_embeddings", vocabSize(), hidden));
    leaves.add(Leaf.embedding(embeddings + "position_embeddings", maxPositionEmbeddings(), hidden));
    leaves.add(Leaf.embedding(embeddings + "token_type_embeddings", typeVocabSize, hidden));
    leaves.add(Leaf.layerNorm(embeddings + "LayerNorm", hidden));
    for (int i = 0; i < numHiddenLayers(); i++) layer(leaves, layerPrefix(i));
    String pooler = roberta() ? "classifier.dense" : "bert.pooler.dense";
    leaves.add(Leaf.linear(pooler, hidden, hidden, true));
    leaves.add(Leaf.linear(outputModule(), outputs(basics), hidden, true));
    return leaves;
  }

  private void layer(List<Leaf> leaves, String layer) {
    int hidden = hiddenSize();
    for (String name : List.of("query", "key", "value")) {
      leaves.add(Leaf.linear(layer + "attention.self." + name, hidden, hidden, true));
    }
    leaves.add(Leaf.linear(layer + "attention.output.dense", hidden, hidden, true));
    leaves.add(Leaf.layerNorm(layer + "attention.output.LayerNorm", hidden));
    leaves.add(Leaf.linear(layer + "intermediate.dense", intermediateSize, hidden, true));
    leaves.add(Leaf.linear(layer + "output.dense", hidden, intermediateSize, true));
    leaves.add(Leaf.layerNorm(layer + "output.LayerNorm", hidden));
  }

  /** Heads of pre-training, RoBERTa's unused pooler, and position numbers of old checkpoints. */
  @Override
  public boolean ignores(String tensor) {
    return tensor.startsWith("cls.")
        || tensor.startsWith("lm_head.")
        || tensor.startsWith("roberta.pooler.")
        || tensor.endsWith(".embeddings.position_ids");
  }

  /** Returns the outputs of an encoder's head, which must classify. */
  static int outputs(ModelConfig.Basics basics) {
    if (basics.task() instanceof Task.SequenceClassification head) return head.numLabels();
    throw new IllegalArgumentException(
        basics.modelType() + " is an encoder, which can classify text but not generate it");
  }
}
