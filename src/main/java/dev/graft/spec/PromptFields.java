package dev.graft.spec;

import dev.graft.spec.AdapterMethod.Prompted;
import dev.graft.spec.PTuning.Encoder;
import dev.graft.spec.PromptTuning.Init;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * PEFT's {@code PromptTuningConfig}, {@code PromptEncoderConfig} and {@code PrefixTuningConfig}.
 */
final class PromptFields {
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
      case PROMPT -> new PromptTuning(count, init(peft));
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

  private static PTuning encoder(int count, Fields peft) {
    String type = text(peft, "encoder_reparameterization_type");
    boolean lstm = "LSTM".equals(type);
    if (type != null && !lstm && !type.equals("MLP")) {
      peft.refuse("encoder_reparameterization_type", "must be one of MLP, LSTM");
    }
    peft.notYet("encoder_dropout", 0);
    Integer layers = peft.integer("encoder_num_layers", 1, 16);
    return new PTuning(
        count,
        lstm ? Encoder.LSTM : Encoder.MLP,
        peft.integer("encoder_hidden_size", 1, WIDEST),
        layers == null ? 2 : layers);
  }

  private static PrefixTuning prefix(int count, Fields peft) {
    Boolean projection = peft.bool("prefix_projection");
    String init = text(peft, "init_weights");
    if (init != null && !init.equals("zero")) peft.refuse("init_weights", "must be null or zero");
    return new PrefixTuning(
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
      case PromptTuning prompt -> {
        peft.put("peft_type", PROMPT).put("num_virtual_tokens", prompt.numVirtualTokens());
        switch (prompt.promptTuningInit()) {
          case Init.Random() -> peft.put("prompt_tuning_init", "RANDOM");
          case Init.SampleVocab() -> peft.put("prompt_tuning_init", "SAMPLE_VOCAB");
          case Init.Text(String text) ->
              peft.put("prompt_tuning_init", "TEXT").put("prompt_tuning_init_text", text);
        }
      }
      case PTuning encoder ->
          peft.put("peft_type", ENCODER)
              .put("num_virtual_tokens", encoder.numVirtualTokens())
              .put(
                  "encoder_reparameterization_type", encoder.encoderReparameterizationType().name())
              .put("encoder_hidden_size", encoder.encoderHiddenSize())
              .put("encoder_num_layers", encoder.encoderNumLayers());
      case PrefixTuning prefix ->
          peft.put("peft_type", PREFIX)
              .put("num_virtual_tokens", prefix.numVirtualTokens())
              .put("prefix_projection", prefix.prefixProjection())
              .put("encoder_hidden_size", prefix.encoderHiddenSize())
              .put("init_weights", prefix.initZero() ? "zero" : null);
    }
  }
}
