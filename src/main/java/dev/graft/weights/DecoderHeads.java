package dev.graft.weights;

import java.util.List;

/** The heads of decoders: {@code lm_head} or what it is called, and {@code score}. */
final class DecoderHeads {
  private static final String SCORE = "score";

  private DecoderHeads() {}

  static String outputModule(ModelConfig config, String languageHead) {
    return switch (config.task()) {
      case Task.CausalLm() -> languageHead;
      case Task.SequenceClassification head -> SCORE;
    };
  }

  static List<Leaf> leaves(ModelConfig config) {
    int hidden = config.hiddenSize();
    return switch (config.task()) {
      case Task.CausalLm() ->
          config.tieWordEmbeddings()
              ? List.of()
              : List.of(Leaf.linear(config.outputModule(), config.vocabSize(), hidden, false));
      case Task.SequenceClassification head ->
          List.of(Leaf.linear(SCORE, head.numLabels(), hidden, false));
    };
  }

  /** Tied checkpoints may repeat the output matrix, and a base for classification may have it. */
  static boolean ignores(ModelConfig config, String tensor, String languageHead) {
    return tensor.equals(languageHead + ".weight")
        && (config.tieWordEmbeddings() || !config.outputModule().equals(languageHead));
  }
}
