package dev.graft.spec;

import dev.graft.spec.Prompted.PTuning.Encoder;
import dev.graft.spec.Prompted.PromptTuning.Init;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Virtual tokens in front of every row; the base stays as it is.
 *
 * <p>{@code modules_to_save} is not supported beside them.
 */
public sealed interface Prompted extends AdapterMethod {
  /** Virtual tokens; real ones start at this position. */
  int numVirtualTokens();

  /** Prompt tuning (Lester et al. 2021): the rows of the virtual tokens train. */
  public record PromptTuning(int numVirtualTokens, Init promptTuningInit) implements Prompted {
    /** How the rows start. */
    public sealed interface Init {
      /** As {@code nn.Embedding}: N(0, 1). */
      record Random() implements Init {}

      /** Rows of the base's table, drawn at random. */
      record SampleVocab() implements Init {}

      /** The rows of a text's tokens, repeated or cut to the number of virtual tokens. */
      record Text(String text) implements Init {
        public Text {
          if (text.isBlank())
            throw new IllegalArgumentException("prompt_tuning_init_text is empty");
        }
      }
    }

    public PromptTuning {
      requireCount(numVirtualTokens);
    }

    static void requireCount(int virtualTokens) {
      if (virtualTokens < 1 || virtualTokens > 4096) {
        throw new IllegalArgumentException(
            "num_virtual_tokens must be 1..4096, is " + virtualTokens);
      }
    }
  }

  /**
   * P-tuning (Liu et al. 2021): an encoder computes the rows of the virtual tokens; only its output
   * is saved.
   *
   * @param encoderHiddenSize null = that of the base
   * @param encoderNumLayers of the LSTM; the MLP always has three linear layers
   */
  public record PTuning(
      int numVirtualTokens,
      Encoder encoderReparameterizationType,
      @Nullable Integer encoderHiddenSize,
      int encoderNumLayers)
      implements Prompted {
    /** PEFT's names. */
    public enum Encoder {
      MLP,
      LSTM
    }

    public PTuning {
      Prompted.PromptTuning.requireCount(numVirtualTokens);
      if (encoderHiddenSize != null && encoderHiddenSize < 1) {
        throw new IllegalArgumentException("encoder_hidden_size must be >= 1");
      }
      if (encoderNumLayers < 1 || encoderNumLayers > 16) {
        throw new IllegalArgumentException("encoder_num_layers must be 1..16");
      }
    }
  }

  /**
   * Prefix tuning (Li and Liang 2021): keys and values of virtual tokens in every layer train.
   *
   * @param prefixProjection they are computed by two linear layers; only the result is saved
   * @param encoderHiddenSize width between the two; null = the features of a layer's keys
   * @param initZero PEFT's {@code init_weights: "zero"}: keys and values start at zero, not at
   *     random
   */
  public record PrefixTuning(
      int numVirtualTokens,
      boolean prefixProjection,
      @Nullable Integer encoderHiddenSize,
      boolean initZero)
      implements Prompted {
    public PrefixTuning {
      Prompted.PromptTuning.requireCount(numVirtualTokens);
      if (encoderHiddenSize != null && encoderHiddenSize < 1) {
        throw new IllegalArgumentException("encoder_hidden_size must be >= 1");
      }
    }
  }

  /**
   * PEFT's {@code PromptTuningConfig}, {@code PromptEncoderConfig} and {@code PrefixTuningConfig}.
   */
  static final class PromptFields {
    public static final String PROMPT = "PROMPT_TUNING";
    static final String ENCODER = "P_TUNING";
    static final String PREFIX = "PREFIX_TUNING";

    private static final int DEFAULT_VIRTUAL_TOKENS = 20;
    private static final int WIDEST = 1 << 16;

    private PromptFields() {}

    static Prompted read(String type, Fields peft) {
      Integer given = peft.integer("num_virtual_tokens", 1, 4096);
      int count = given == null ? DEFAULT_VIRTUAL_TOKENS : given;
      peft.notYet("num_transformer_submodules", 1);
      peft.notYet("modules_to_save");
      // What PEFT saves about the base: its shapes.
      for (String key : List.of("token_dim", "num_attention_heads", "num_layers")) peft.value(key);
      return switch (type) {
        case PROMPT -> new Prompted.PromptTuning(count, init(peft));
        case ENCODER -> encoder(count, peft);
        case PREFIX -> prefix(count, peft);
        default -> throw new IllegalArgumentException(type);
      };
    }

    private static Init init(Fields peft) {
      String name = text(peft, "prompt_tuning_init");
      String text = text(peft, "prompt_tuning_init_text");
      peft.notYet("tokenizer_kwargs");
      if ("TEXT".equals(name)) {
        peft.value("tokenizer_name_or_path"); // the base has its own
        if (text != null && !text.isBlank()) return new Init.Text(text);
        peft.refuse("prompt_tuning_init_text", "must be a text, with prompt_tuning_init TEXT");
        return new Init.Random();
      }
      peft.notYet("tokenizer_name_or_path");
      if (text != null) peft.refuse("prompt_tuning_init_text", "needs prompt_tuning_init TEXT");
      if (name == null || name.equals("RANDOM")) return new Init.Random();
      if (name.equals("SAMPLE_VOCAB")) return new Init.SampleVocab();
      peft.refuse("prompt_tuning_init", "must be one of RANDOM, SAMPLE_VOCAB, TEXT");
      return new Init.Random();
    }

    private static Prompted.PTuning encoder(int count, Fields peft) {
      String type = text(peft, "encoder_reparameterization_type");
      boolean lstm = "LSTM".equals(type);
      if (type != null && !lstm && !type.equals("MLP")) {
        peft.refuse("encoder_reparameterization_type", "must be one of MLP, LSTM");
      }
      peft.notYet("encoder_dropout", 0);
      Integer layers = peft.integer("encoder_num_layers", 1, 16);
      return new Prompted.PTuning(
          count,
          lstm ? Encoder.LSTM : Encoder.MLP,
          peft.integer("encoder_hidden_size", 1, WIDEST),
          layers == null ? 2 : layers);
    }

    private static Prompted.PrefixTuning prefix(int count, Fields peft) {
      Boolean projection = peft.bool("prefix_projection");
      String init = text(peft, "init_weights");
      if (init != null && !init.equals("zero")) peft.refuse("init_weights", "must be null or zero");
      return new Prompted.PrefixTuning(
          count,
          projection != null && projection,
          peft.integer("encoder_hidden_size", 1, WIDEST),
          init != null);
    }

    private static @Nullable String text(Fields peft, String key) {
      JsonNode value = peft.value(key);
      if (value == null || value.isString()) return value == null ? null : value.stringValue();
      peft.refuse(key, "must be a text");
      return null;
    }

    static void write(ObjectNode peft, Prompted method) {
      switch (method) {
        case Prompted.PromptTuning prompt -> {
          peft.put("peft_type", PROMPT).put("num_virtual_tokens", prompt.numVirtualTokens());
          switch (prompt.promptTuningInit()) {
            case Init.Random() -> peft.put("prompt_tuning_init", "RANDOM");
            case Init.SampleVocab() -> peft.put("prompt_tuning_init", "SAMPLE_VOCAB");
            case Init.Text(String text) ->
                peft.put("prompt_tuning_init", "TEXT").put("prompt_tuning_init_text", text);
          }
        }
        case Prompted.PTuning encoder ->
            peft.put("peft_type", ENCODER)
                .put("num_virtual_tokens", encoder.numVirtualTokens())
                .put(
                    "encoder_reparameterization_type",
                    encoder.encoderReparameterizationType().name())
                .put("encoder_hidden_size", encoder.encoderHiddenSize())
                .put("encoder_num_layers", encoder.encoderNumLayers());
        case Prompted.PrefixTuning prefix ->
            peft.put("peft_type", PREFIX)
                .put("num_virtual_tokens", prefix.numVirtualTokens())
                .put("prefix_projection", prefix.prefixProjection())
                .put("encoder_hidden_size", prefix.encoderHiddenSize())
                .put("init_weights", prefix.initZero() ? "zero" : null);
      }
    }
  }
}
