package dev.graft.spec;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Virtual tokens before every row; the base does not change. {@code modules_to_save} is not
 * supported.
 */
public sealed interface Prompted extends AdapterMethod {
  /** Returns the number of virtual tokens, which is the position of the first real token. */
  int numVirtualTokens();

  private static int readCount(Fields peft) {
    int count = peft.integer("num_virtual_tokens", 1, 4096, 20);
    peft.notYet("num_transformer_submodules", 1);
    peft.notYet("modules_to_save");
    peft.known("token_dim", "num_attention_heads", "num_layers"); // shapes of the base
    return count;
  }

  private static @Nullable String text(Fields peft, String key) {
    JsonNode value = peft.value(key);
    if (value == null || value.isString()) return value == null ? null : value.stringValue();
    peft.refuse(key, "must be a string");
    return null;
  }

  private static void require(int virtualTokens, @Nullable Integer encoderHiddenSize) {
    if (virtualTokens < 1 || virtualTokens > 4096) {
      throw new IllegalArgumentException(
          "num_virtual_tokens must be 1..4096, but is " + virtualTokens);
    }
    if (encoderHiddenSize != null && encoderHiddenSize < 1) {
      throw new IllegalArgumentException("encoder_hidden_size must be >= 1");
    }
  }

  /** Prompt tuning (Lester et al. 2021), which trains the embeddings of the virtual tokens. */
  record PromptTuning(int numVirtualTokens, Init promptTuningInit) implements Prompted {
    static final String TYPE = "PROMPT_TUNING";

    /** The initial embeddings. */
    public sealed interface Init {
      /** N(0, 1), as {@code nn.Embedding}. */
      record Random() implements Init {}

      /** Random rows of the base's token table. */
      record SampleVocab() implements Init {}

      /** The embeddings of a text's tokens, repeated or cut to the number of virtual tokens. */
      record Text(String text) implements Init {
        public Text {
          if (text.isBlank()) {
            throw new IllegalArgumentException("prompt_tuning_init_text is empty");
          }
        }
      }
    }

    public PromptTuning {
      require(numVirtualTokens, null);
    }

    static PromptTuning read(Fields peft) {
      return new PromptTuning(readCount(peft), init(peft));
    }

    private static Init init(Fields peft) {
      String name = text(peft, "prompt_tuning_init");
      String text = text(peft, "prompt_tuning_init_text");
      peft.notYet("tokenizer_kwargs");
      if ("TEXT".equals(name)) {
        peft.value("tokenizer_name_or_path"); // the base has its own
        if (text != null && !text.isBlank()) return new Init.Text(text);
        peft.refuse(
            "prompt_tuning_init_text", "must be a non-empty string with prompt_tuning_init TEXT");
        return new Init.Random();
      }
      peft.notYet("tokenizer_name_or_path");
      if (text != null) peft.refuse("prompt_tuning_init_text", "needs prompt_tuning_init TEXT");
      if (name == null || name.equals("RANDOM")) return new Init.Random();
      if (name.equals("SAMPLE_VOCAB")) return new Init.SampleVocab();
      peft.refuse("prompt_tuning_init", "must be one of RANDOM, SAMPLE_VOCAB, TEXT");
      return new Init.Random();
    }

    @Override
    public void write(ObjectNode peft) {
      peft.put("peft_type", TYPE).put("num_virtual_tokens", numVirtualTokens);
      switch (promptTuningInit) {
        case Init.Random() -> peft.put("prompt_tuning_init", "RANDOM");
        case Init.SampleVocab() -> peft.put("prompt_tuning_init", "SAMPLE_VOCAB");
        case Init.Text(String text) ->
            peft.put("prompt_tuning_init", "TEXT").put("prompt_tuning_init_text", text);
      }
    }
  }

  /**
   * P-tuning (Liu et al. 2021): an encoder computes the embeddings of the virtual tokens; only its
   * output is saved.
   *
   * @param encoderHiddenSize null = the hidden size of the base
   * @param encoderNumLayers layers of the LSTM; the MLP always has three linear layers
   */
  record PTuning(
      int numVirtualTokens,
      Encoder encoderReparameterizationType,
      @Nullable Integer encoderHiddenSize,
      int encoderNumLayers)
      implements Prompted {
    static final String TYPE = "P_TUNING";

    /** PEFT's names. */
    public enum Encoder {
      MLP,
      LSTM
    }

    public PTuning {
      require(numVirtualTokens, encoderHiddenSize);
      if (encoderNumLayers < 1 || encoderNumLayers > 16) {
        throw new IllegalArgumentException("encoder_num_layers must be 1..16");
      }
    }

    static PTuning read(Fields peft) {
      int count = readCount(peft);
      String type = text(peft, "encoder_reparameterization_type");
      boolean lstm = "LSTM".equals(type);
      if (type != null && !lstm && !type.equals("MLP")) {
        peft.refuse("encoder_reparameterization_type", "must be one of MLP, LSTM");
      }
      peft.notYet("encoder_dropout", 0);
      int layers = peft.integer("encoder_num_layers", 1, 16, 2);
      Integer hidden = peft.integer("encoder_hidden_size", 1, 1 << 16);
      return new PTuning(count, lstm ? Encoder.LSTM : Encoder.MLP, hidden, layers);
    }

    @Override
    public void write(ObjectNode peft) {
      peft.put("peft_type", TYPE)
          .put("num_virtual_tokens", numVirtualTokens)
          .put("encoder_reparameterization_type", encoderReparameterizationType.name())
          .put("encoder_hidden_size", encoderHiddenSize)
          .put("encoder_num_layers", encoderNumLayers);
    }
  }

  /**
   * Prefix tuning (Li and Liang 2021), which trains keys and values of virtual tokens in every
   * layer.
   *
   * @param prefixProjection whether two linear layers compute them; only the result is saved
   * @param encoderHiddenSize width between the two layers; null = the features of a layer's keys
   * @param initZero PEFT's {@code init_weights: "zero"}: keys and values start at zero
   */
  record PrefixTuning(
      int numVirtualTokens,
      boolean prefixProjection,
      @Nullable Integer encoderHiddenSize,
      boolean initZero)
      implements Prompted {
    static final String TYPE = "PREFIX_TUNING";

    public PrefixTuning {
      require(numVirtualTokens, encoderHiddenSize);
    }

    static PrefixTuning read(Fields peft) {
      int count = readCount(peft);
      boolean projection = peft.bool("prefix_projection", false);
      String init = text(peft, "init_weights");
      if (init != null && !init.equals("zero")) peft.refuse("init_weights", "must be null or zero");
      Integer hidden = peft.integer("encoder_hidden_size", 1, 1 << 16);
      return new PrefixTuning(count, projection, hidden, init != null);
    }

    @Override
    public void write(ObjectNode peft) {
      peft.put("peft_type", TYPE)
          .put("num_virtual_tokens", numVirtualTokens)
          .put("prefix_projection", prefixProjection)
          .put("encoder_hidden_size", encoderHiddenSize)
          .put("init_weights", initZero ? "zero" : null);
    }
  }
}
