package dev.graft.weights;

import dev.graft.weights.ModelConfig.Basics;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code config.json} (and {@code generation_config.json}) in the spellings of transformers 4
 * and 5. Unsupported settings that would change the arithmetic are refused, never ignored.
 */
final class ConfigReader {
  private static final String EXPERTS = "a mixture of experts";
  private static final String VISION = "a vision model";
  private static final String AUDIO = "an audio model";

  private ConfigReader() {}

  static ModelConfig read(JsonFields config, @Nullable JsonFields generation) {
    refuseForeign(config);
    ModelType type = ModelType.named(config.text("model_type"));
    if (type == null) {
      String what = kindOf(config.textOr("model_type", ""));
      throw config.bad(
          "model_type", "is " + config.shown("model_type") + what + ModelType.SUPPORTED);
    }
    BasicsReader basics = new BasicsReader(type, config, generation);
    return switch (type) {
      case GPT2 -> gpt2(config, basics);
      case GPT_NEOX -> gptNeoX(config, basics);
      case BERT, ROBERTA, XLM_ROBERTA -> bert(type, config, basics);
      case DISTILBERT -> distilBert(config, basics);
      case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, GEMMA2, GEMMA3, PHI3, OLMO2, GRANITE, SMOLLM3 ->
          new DecoderReader(type, config).read(basics.read());
    };
  }

  private static void refuseForeign(JsonFields c) {
    refuse(c, EXPERTS, "num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts");
    refuse(c, VISION, "vision_config", "vision_tower", "image_token_id", "mm_vision_tower");
    refuse(c, AUDIO, "audio_config", "audio_encoder_config", "num_mel_bins");
    refuse(c, "a model with several parts", "text_config");
    for (String field : List.of("is_encoder_decoder", "is_decoder", "add_cross_attention")) {
      if (c.booleanOr(field, false)) throw c.bad(field, "true is not supported");
    }
    if (!c.isEmpty("pruned_heads")) throw c.bad("pruned_heads", "is not supported");
  }

  private static void refuse(JsonFields config, String what, String... fields) {
    for (String field : fields) {
      if (config.has(field)) {
        throw config.bad(field, "indicates " + what + ModelType.SUPPORTED);
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

  /** Reads an activation by its name in the configuration. */
  static ModelConfig.Activation activation(JsonFields c, String field, String otherwise) {
    ModelConfig.Activation activation = ModelConfig.Activation.named(c.textOr(field, otherwise));
    if (activation == null) {
      throw c.bad(
          field,
          "is "
              + c.shown(field)
              + "; supported: silu, gelu, gelu_new and its variants, relu, tanh");
    }
    return activation;
  }

  /** Reads the part of a configuration that all families have. */
  static final class BasicsReader {
    private final ModelType type;
    private final JsonFields config;
    private final @Nullable JsonFields generation;

    public BasicsReader(ModelType type, JsonFields config, @Nullable JsonFields generation) {
      this.type = type;
      this.config = config;
      this.generation = generation;
    }

    public Basics read() {
      return read("hidden_size", "num_hidden_layers", "max_position_embeddings");
    }

    public Basics read(String hiddenSize, String layers, String positions) {
      int vocab = config.requireInt("vocab_size", 1, 1 << 24);
      boolean tied = config.booleanOr("tie_word_embeddings", tiedByDefault());
      return new Basics(
          type.text(),
          config.requireInt(hiddenSize, 1, 1 << 16),
          config.requireInt(layers, 1, 1024),
          vocab,
          config.intOr(positions, defaultPositions(), 1, 1 << 28),
          tied,
          config.doubleOr("initializer_range", 0.02, 0, 1e3),
          eos(vocab),
          id("bos_token_id", vocab),
          id("pad_token_id", vocab),
          task(tied),
          ModelConfig.Dropouts.read(type, config));
    }

    private boolean tiedByDefault() {
      return switch (type) {
        case LLAMA, MISTRAL, QWEN2, QWEN3, PHI3, OLMO2, GRANITE, GPT_NEOX -> false;
        case GEMMA, GEMMA2, GEMMA3, SMOLLM3, GPT2, BERT, ROBERTA, XLM_ROBERTA, DISTILBERT -> true;
      };
    }

    private int defaultPositions() {
      return switch (type) {
        case LLAMA, OLMO2, GRANITE, GPT_NEOX -> 2048;
        case MISTRAL, GEMMA3 -> 131_072;
        case QWEN2, QWEN3, SMOLLM3 -> 32_768;
        case GEMMA, GEMMA2 -> 8192;
        case PHI3 -> 4096;
        case GPT2 -> 1024;
        case BERT, ROBERTA, XLM_ROBERTA, DISTILBERT -> 512;
      };
    }

    private List<Integer> eos(int vocab) {
      Set<Integer> ids = new LinkedHashSet<>();
      if (generation != null) ids.addAll(generation.ints("eos_token_id", 0, vocab - 1));
      ids.addAll(config.ints("eos_token_id", 0, vocab - 1));
      return List.copyOf(ids);
    }

    /** Returns an id; -1 in older files means none. */
    private @Nullable Integer id(String field, int vocab) {
      List<Integer> ids = config.ints(field, -1, vocab - 1);
      return ids.isEmpty() || ids.get(0) < 0 ? null : ids.get(0);
    }

    /**
     * A base without a head generates text if its output is its token table; else it classifies.
     */
    private Task task(boolean tied) {
      List<String> names = config.texts("architectures");
      String name = names == null || names.isEmpty() ? null : names.getFirst();
      if (names != null && names.size() > 1) name = names.toString();
      if (name == null) name = type.encoder() ? type.sequenceClassification() : type.causalLm();
      if (type.sequenceClassification().equals(name)) return classification();
      if (!type.encoder() && name != null && name.equals(type.causalLm())) {
        return new Task.CausalLm();
      }
      if (type.headless().contains(name)) {
        return tied && !type.encoder() ? new Task.CausalLm() : classification();
      }
      List<String> supported = new ArrayList<>(type.headless());
      supported.add(type.sequenceClassification());
      if (!type.encoder()) supported.add(type.causalLm());
      throw config.bad(
          "architectures", "is " + config.shown("architectures") + "; supported: " + supported);
    }

    private Task classification() {
      List<String> labels = labels();
      Task.Problem problem = problem(labels.size());
      return new Task.SequenceClassification(labels.size(), problem, labels);
    }

    private List<String> labels() {
      JsonFields names = config.object("id2label");
      if (names == null) {
        int count = config.intOr("num_labels", 2, 1, 1 << 16);
        return Task.SequenceClassification.unnamed(count, Task.Problem.REGRESSION).labels();
      }
      int count = names.names().size();
      if (count == 0) throw config.bad("id2label", "is empty");
      if (config.intOr("num_labels", count, 1, 1 << 16) != count) {
        throw config.bad("num_labels", "must be the size of id2label, " + count);
      }
      List<String> labels = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        String label = names.text(Integer.toString(i));
        if (label == null) throw names.bad(Integer.toString(i), "is missing");
        labels.add(label);
      }
      return labels;
    }

    private Task.Problem problem(int labels) {
      String problem = config.text("problem_type");
      if (problem == null) {
        return labels == 1 ? Task.Problem.REGRESSION : Task.Problem.SINGLE_LABEL_CLASSIFICATION;
      }
      return switch (problem) {
        case "regression" -> Task.Problem.REGRESSION;
        case "multi_label_classification" -> Task.Problem.MULTI_LABEL_CLASSIFICATION;
        case "single_label_classification" -> {
          if (labels == 1)
            throw config.bad(
                "problem_type", "is '" + problem + "', which needs more than one label");
          yield Task.Problem.SINGLE_LABEL_CLASSIFICATION;
        }
        default ->
            throw config.bad(
                "problem_type",
                "is "
                    + config.shown("problem_type")
                    + "; supported: regression, single_label_classification,"
                    + " multi_label_classification");
      };
    }
  }

  private static BertConfig bert(ModelType type, JsonFields c, BasicsReader reader) {
    if (!c.textOr("position_embedding_type", "absolute").equals("absolute")) {
      String shown = c.shown("position_embedding_type");
      throw c.bad("position_embedding_type", "is " + shown + "; supported: absolute");
    }
    Basics basics = reader.read();
    return new BertConfig(
        basics,
        heads(c, "num_attention_heads", "hidden_size", basics.hiddenSize()),
        c.requireInt("intermediate_size", 1, 1 << 20),
        activation(c, "hidden_act", "gelu"),
        c.doubleOr("layer_norm_eps", 1e-12, 0, 1),
        c.intOr("type_vocab_size", 2, 1, 1 << 16),
        type == ModelType.BERT ? 0 : offset(c, basics));
  }

  /** Returns RoBERTa's first position, which follows the id of the padding token. */
  private static int offset(JsonFields c, Basics basics) {
    int padding = c.requireInt("pad_token_id", 0, basics.vocabSize() - 1);
    if (padding + 1 >= basics.maxPositionEmbeddings()) {
      throw c.bad("max_position_embeddings", "leaves no position after pad_token_id " + padding);
    }
    return padding + 1;
  }

  private static DistilBertConfig distilBert(JsonFields c, BasicsReader reader) {
    if (c.booleanOr("sinusoidal_pos_embds", false)) {
      throw c.bad("sinusoidal_pos_embds", "true is not supported");
    }
    Basics basics = reader.read("dim", "n_layers", "max_position_embeddings");
    return new DistilBertConfig(
        basics,
        heads(c, "n_heads", "dim", basics.hiddenSize()),
        c.requireInt("hidden_dim", 1, 1 << 20),
        activation(c, "activation", "gelu"));
  }

  private static Gpt2Config gpt2(JsonFields c, BasicsReader reader) {
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
        activation(c, "activation_function", "gelu_new"),
        c.doubleOr("layer_norm_epsilon", 1e-5, 0, 1));
  }

  private static GptNeoXConfig gptNeoX(JsonFields c, BasicsReader reader) {
    Basics basics = reader.read();
    int heads = heads(c, "num_attention_heads", "hidden_size", basics.hiddenSize());
    int headDim = basics.hiddenSize() / heads;
    return new GptNeoXConfig(
        basics,
        heads,
        c.requireInt("intermediate_size", 1, 1 << 20),
        activation(c, "hidden_act", "gelu"),
        c.doubleOr("layer_norm_eps", 1e-5, 0, 1),
        c.booleanOr("attention_bias", true),
        c.booleanOr("use_parallel_residual", true),
        new Rope.RopeReader(ModelType.GPT_NEOX, c, headDim, basics.maxPositionEmbeddings())
            .single());
  }

  /** Returns the number of heads, which must divide the hidden size. */
  private static int heads(JsonFields c, String field, String hiddenField, int hidden) {
    int heads = c.requireInt(field, 1, 1024);
    if (hidden % heads != 0) {
      throw c.bad(hiddenField, hidden + " is not a multiple of " + heads + " heads");
    }
    return heads;
  }
}
