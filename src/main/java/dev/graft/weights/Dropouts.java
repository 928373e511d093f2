package dev.graft.weights;

/**
 * Probabilities of the dropouts that a base's own {@code config.json} names, by where transformers
 * has them; 0 = none there.
 *
 * @param embedding on what goes into the first layer
 * @param attention on the weights of attention, after the softmax
 * @param attentionOutput on what attention adds to the residual
 * @param feedForward on what the feed-forward network adds to the residual
 * @param head on what goes into a classifier's output layer (RoBERTa: into each of its two)
 */
public record Dropouts(
    double embedding, double attention, double attentionOutput, double feedForward, double head) {
  public static final Dropouts NONE = new Dropouts(0, 0, 0, 0, 0);

  static Dropouts read(ModelType type, JsonFields c) {
    return switch (type) {
      case GPT2 -> {
        double residual = p(c, "resid_pdrop", 0.1);
        yield new Dropouts(p(c, "embd_pdrop", 0.1), p(c, "attn_pdrop", 0.1), residual, residual, 0);
      }
      case GPT_NEOX -> {
        double hidden = p(c, "hidden_dropout", 0);
        yield new Dropouts(hidden, p(c, "attention_dropout", 0), hidden, hidden, 0);
      }
      case BERT, ROBERTA, XLM_ROBERTA -> {
        double hidden = p(c, "hidden_dropout_prob", 0.1);
        double attention = p(c, "attention_probs_dropout_prob", 0.1);
        double head = p(c, "classifier_dropout", hidden);
        yield new Dropouts(hidden, attention, hidden, hidden, head);
      }
      case DISTILBERT -> {
        double hidden = p(c, "dropout", 0.1);
        double attention = p(c, "attention_dropout", 0.1);
        yield new Dropouts(hidden, attention, 0, hidden, p(c, "seq_classif_dropout", 0.2));
      }
      case PHI3 -> {
        double residual = p(c, "resid_pdrop", 0);
        yield new Dropouts(0, p(c, "attention_dropout", 0), residual, residual, 0);
      }
      case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, GEMMA2, GEMMA3, OLMO2, GRANITE, SMOLLM3 ->
          new Dropouts(0, p(c, "attention_dropout", 0), 0, 0, 0);
    };
  }

  private static double p(JsonFields config, String field, double otherwise) {
    double probability = config.doubleOr(field, otherwise, -1, 1);
    if (probability < 0 || probability == 1) {
      throw config.bad(field, "is " + config.shown(field) + ", must be at least 0 and below 1");
    }
    return probability;
  }
}
