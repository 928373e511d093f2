package dev.graft.weights;

/** Configurations of the encoders. */
final class EncoderReaders {
  private EncoderReaders() {}

  static BertConfig bert(ModelType type, JsonFields c, BasicsReader reader) {
    if (!c.textOr("position_embedding_type", "absolute").equals("absolute")) {
      String shown = c.shown("position_embedding_type");
      throw c.bad("position_embedding_type", "is " + shown + "; supported: absolute");
    }
    Basics basics = reader.read();
    return new BertConfig(
        basics,
        GptReaders.heads(c, "num_attention_heads", "hidden_size", basics.hiddenSize()),
        c.requireInt("intermediate_size", 1, 1 << 20),
        ConfigReader.activation(c, "hidden_act", "gelu"),
        c.doubleOr("layer_norm_eps", 1e-12, 0, 1),
        c.intOr("type_vocab_size", 2, 1, 1 << 16),
        type == ModelType.BERT ? 0 : offset(c, basics));
  }

  /** RoBERTa's positions begin behind the number of its padding token. */
  private static int offset(JsonFields c, Basics basics) {
    int padding = c.requireInt("pad_token_id", 0, basics.vocabSize() - 1);
    if (padding + 1 >= basics.maxPositionEmbeddings()) {
      throw c.bad("max_position_embeddings", "leaves no position behind pad_token_id " + padding);
    }
    return padding + 1;
  }

  static DistilBertConfig distilBert(JsonFields c, BasicsReader reader) {
    if (c.booleanOr("sinusoidal_pos_embds", false)) {
      throw c.bad("sinusoidal_pos_embds", "true is not supported");
    }
    Basics basics = reader.read("dim", "n_layers", "max_position_embeddings");
    return new DistilBertConfig(
        basics,
        GptReaders.heads(c, "n_heads", "dim", basics.hiddenSize()),
        c.requireInt("hidden_dim", 1, 1 << 20),
        ConfigReader.activation(c, "activation", "gelu"));
  }
}
