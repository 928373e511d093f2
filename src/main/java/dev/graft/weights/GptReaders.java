package dev.graft.weights;

import java.util.List;

/** Configurations of the decoders that are not of the Llama kind. */
final class GptReaders {
  private GptReaders() {}

  static Gpt2Config gpt2(JsonFields c, BasicsReader reader) {
    for (String field : List.of("scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn")) {
      if (c.booleanOr(field, false)) throw c.bad(field, "true is not supported");
    }
    if (!c.booleanOr("scale_attn_weights", true)) {
      throw c.bad("scale_attn_weights", "false is not supported");
    }
    Basics basics = reader.read("n_embd", "n_layer", "n_positions");
    int hidden = basics.hiddenSize();
    return new Gpt2Config(
        basics,
        heads(c, "n_head", "n_embd", hidden),
        c.intOr("n_inner", 4 * hidden, 1, 1 << 20),
        ConfigReader.activation(c, "activation_function", "gelu_new"),
        c.doubleOr("layer_norm_epsilon", 1e-5, 0, 1));
  }

  static GptNeoXConfig gptNeoX(JsonFields c, BasicsReader reader) {
    Basics basics = reader.read();
    int heads = heads(c, "num_attention_heads", "hidden_size", basics.hiddenSize());
    int headDim = basics.hiddenSize() / heads;
    return new GptNeoXConfig(
        basics,
        heads,
        c.requireInt("intermediate_size", 1, 1 << 20),
        ConfigReader.activation(c, "hidden_act", "gelu"),
        c.doubleOr("layer_norm_eps", 1e-5, 0, 1),
        c.booleanOr("attention_bias", true),
        c.booleanOr("use_parallel_residual", true),
        new RopeReader(ModelType.GPT_NEOX, c, headDim, basics.maxPositionEmbeddings()).single());
  }

  /** The number of heads, which divides the hidden size. */
  static int heads(JsonFields c, String field, String hiddenField, int hidden) {
    int heads = c.requireInt(field, 1, 1024);
    if (hidden % heads != 0) {
      throw c.bad(hiddenField, hidden + " is not a multiple of " + heads + " heads");
    }
    return heads;
  }
}
