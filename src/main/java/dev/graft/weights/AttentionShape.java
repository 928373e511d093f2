package dev.graft.weights;

/**
 * Heads of a model's attention, the same in every layer.
 *
 * @param heads of queries
 * @param keyValueHeads of keys and values
 * @param headDim features of a head
 */
public record AttentionShape(int heads, int keyValueHeads, int headDim) {
  public static AttentionShape of(ModelConfig config) {
    return switch (config) {
      case DecoderConfig c ->
          new AttentionShape(
              c.attention().heads(), c.attention().keyValueHeads(), c.attention().headDim());
      case Gpt2Config c -> equal(c.heads(), c);
      case GptNeoXConfig c -> equal(c.heads(), c);
      case BertConfig c -> equal(c.heads(), c);
      case DistilBertConfig c -> equal(c.heads(), c);
    };
  }

  private static AttentionShape equal(int heads, ModelConfig config) {
    return new AttentionShape(heads, heads, config.hiddenSize() / heads);
  }

  /** Features of a layer's keys, all heads side by side. */
  public int keyFeatures() {
    return keyValueHeads * headDim;
  }
}
