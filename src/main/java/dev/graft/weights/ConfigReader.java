package dev.graft.weights;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code config.json} (and {@code generation_config.json}) in the spellings of transformers 4 and
 * 5. What would change the arithmetic and is not built is refused, never ignored.
 */
final class ConfigReader {
  private static final String EXPERTS = "a mixture of experts";
  private static final String VISION = "a vision model";
  private static final String AUDIO = "an audio model";

  private ConfigReader() {}

  public static ModelConfig read(JsonFields config, @Nullable JsonFields generation) {
    refuseForeign(config);
    ModelType type = ModelType.named(config.text("model_type"));
    if (type == null) {
      String what = kindOf(config.textOr("model_type", ""));
      throw config.bad(
          "model_type", "is " + config.shown("model_type") + what + ModelType.SUPPORTED);
    }
    BasicsReader basics = new BasicsReader(type, config, generation);
    return switch (type) {
      case GPT2 -> GptReaders.gpt2(config, basics);
      case GPT_NEOX -> GptReaders.gptNeoX(config, basics);
      case BERT, ROBERTA, XLM_ROBERTA -> EncoderReaders.bert(type, config, basics);
      case DISTILBERT -> EncoderReaders.distilBert(config, basics);
      case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, GEMMA2, GEMMA3, PHI3, OLMO2, GRANITE, SMOLLM3 ->
          new DecoderReader(type, config).read(basics.read());
    };
  }

  private static void refuseForeign(JsonFields c) {
    refuse(c, EXPERTS, "num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts");
    refuse(c, VISION, "vision_config", "vision_tower", "image_token_id", "mm_vision_tower");
    refuse(c, AUDIO, "audio_config", "audio_encoder_config", "num_mel_bins");
    refuse(c, "a model of several parts", "text_config");
    for (String field : List.of("is_encoder_decoder", "is_decoder", "add_cross_attention")) {
      if (c.booleanOr(field, false)) throw c.bad(field, "true is not supported");
    }
    if (!c.isEmpty("pruned_heads")) throw c.bad("pruned_heads", "is not supported");
  }

  private static void refuse(JsonFields config, String what, String... fields) {
    for (String field : fields) {
      if (config.has(field)) {
        throw config.bad(field, "says that this is " + what + ModelType.SUPPORTED);
      }
    }
  }

  private static String kindOf(String type) {
    String name = type.toLowerCase(Locale.ROOT);
    if (containsAny(name, "moe", "mixtral", "dbrx", "deepseek_v")) return ", " + EXPERTS;
    if (containsAny(name, "vl", "vision", "vit", "clip", "llava", "image")) return ", " + VISION;
    if (containsAny(name, "audio", "whisper", "wav2vec", "speech", "hubert")) return ", " + AUDIO;
    return "";
  }

  private static boolean containsAny(String name, String... parts) {
    for (String part : parts) if (name.contains(part)) return true;
    return false;
  }

  /** An activation by its name in the configuration. */
  static Activation activation(JsonFields c, String field, String otherwise) {
    Activation activation = Activation.named(c.textOr(field, otherwise));
    if (activation == null) {
      throw c.bad(
          field,
          "is " + c.shown(field) + "; supported: silu, gelu, gelu_new and its like, relu, tanh");
    }
    return activation;
  }
}
