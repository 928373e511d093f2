package dev.graft.weights;

import java.util.Map;
import java.util.function.Function;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How llama.cpp stores a base model: its names of the architecture and the tensors, and the order
 * of their rows. Taken from its {@code conversion/*.py} and {@code gguf-py/gguf/tensor_mapping.py}.
 *
 * @param architecture {@code general.architecture}
 * @param rotatesPairs whether rotary positions rotate neighbours and not the halves of a head, so
 *     that the rows of queries and keys have another order
 */
public record LlamaCppModel(ModelConfig base, String architecture, boolean rotatesPairs) {
  private static final Map<String, String> LEAVES =
      Map.ofEntries(
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.qkv_proj", "attn_qkv"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.gate_up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down"),
          Map.entry("attention.query_key_value", "attn_qkv"),
          Map.entry("attention.dense", "attn_output"),
          Map.entry("mlp.dense_h_to_4h", "ffn_up"),
          Map.entry("mlp.dense_4h_to_h", "ffn_down"));

  /** Norms, which adapters do not change, before and after attention and MLP. */
  private static final Map<String, String> NORMS =
      Map.of(
          "input_layernorm", "attn_norm",
          "self_attn.q_norm", "attn_q_norm",
          "self_attn.k_norm", "attn_k_norm",
          "pre_feedforward_layernorm", "ffn_norm",
          "post_feedforward_layernorm", "post_ffw_norm");

  /**
   * @return null if llama.cpp does not support adapters for the base
   */
  public static @Nullable LlamaCppModel of(ModelConfig base) {
    ModelType type = ModelType.named(base.modelType());
    if (type == null) return null;
    String architecture = architecture(type);
    return architecture == null ? null : new LlamaCppModel(base, architecture, rotatesPairs(type));
  }

  /**
   * Returns the {@code general.architecture}; null if llama.cpp does not support adapters for it.
   */
  public static @Nullable String architecture(ModelType type) {
    return switch (type) {
      case LLAMA, MISTRAL -> "llama";
      case GRANITE -> "granite";
      case SMOLLM3 -> "smollm3";
      case QWEN2 -> "qwen2";
      case QWEN3 -> "qwen3";
      case GEMMA -> "gemma";
      case GEMMA2 -> "gemma2";
      case GEMMA3 -> "gemma3";
      case PHI3 -> "phi3";
      case OLMO2 -> "olmo2";
      case GPT_NEOX -> "gptneox";
      case GPT2 -> null; // llama.cpp transposes the factors of a Conv1D
      case BERT, ROBERTA, XLM_ROBERTA, DISTILBERT -> null;
    };
  }

  private static boolean rotatesPairs(ModelType type) {
    return switch (type) {
      case LLAMA, MISTRAL, GRANITE, SMOLLM3 -> true;
      default -> false;
    };
  }

  /** Whether the token table also computes the logits; Gemma 1 and 2 have no other matrix. */
  public boolean sharesTable() {
    return base.tieWordEmbeddings()
        || architecture.equals("gemma")
        || architecture.equals("gemma2");
  }

  /** Whether the module is the token table, whose A llama.cpp stores transposed. */
  public boolean isTable(String path) {
    return base.inputEmbedding().equals(path + ".weight");
  }

  /**
   * Returns the name of a weight that an adapter changes.
   *
   * @param path such as {@code model.layers.0.self_attn.q_proj}
   * @throws IllegalArgumentException if llama.cpp does not support adapters for it
   */
  public String tensor(String path) {
    if (isTable(path)) return "token_embd.weight";
    if (path.equals(base.outputModule())) return "output.weight";
    String name = inLayer(path, LEAVES::get);
    if (name == null) throw new IllegalArgumentException("llama.cpp has no name for " + path);
    return name + ".weight";
  }

  /**
   * Returns the name of any parameter, such as {@code model.layers.0.self_attn.q_proj.bias}.
   *
   * @throws IllegalArgumentException if llama.cpp has no name for it
   */
  public String parameter(String parameter) {
    String path = parameter.substring(0, parameter.lastIndexOf('.'));
    if (path.equals("model.norm")) return "output_norm.weight";
    String norm = inLayer(path, this::norm);
    String weight = norm == null ? tensor(path) : norm + ".weight";
    return parameter.endsWith(".bias") ? weight.replaceFirst("weight$", "bias") : weight;
  }

  private @Nullable String norm(String leaf) {
    if (!leaf.equals("post_attention_layernorm")) return NORMS.get(leaf);
    boolean before =
        base instanceof DecoderConfig decoder
            && decoder.norms().placement() == DecoderConfig.Placement.PRE;
    return before ? "ffn_norm" : "post_attention_norm"; // the name depends on the place of the norm
  }

  private @Nullable String inLayer(String path, Function<String, @Nullable String> leaves) {
    for (int layer = 0; layer < base.numHiddenLayers(); layer++) {
      String prefix = base.layerPrefix(layer);
      String leaf = path.startsWith(prefix) ? leaves.apply(path.substring(prefix.length())) : null;
      if (leaf != null) return "blk.%d.%s".formatted(layer, leaf);
    }
    return null;
  }

  /** Maps each row of a weight in llama.cpp's order to its row here. */
  public IntUnaryOperator rows(String path) {
    return switch (base) {
      case DecoderConfig decoder when rotatesPairs && path.endsWith(".q_proj") ->
          row -> paired(row, decoder.attention().headDim());
      case DecoderConfig decoder when rotatesPairs && path.endsWith(".k_proj") ->
          row -> paired(row, decoder.attention().headDim());
      case GptNeoXConfig neox when path.endsWith(".query_key_value") -> row -> grouped(row, neox);
      case DecoderConfig _, Gpt2Config _, GptNeoXConfig _, BertConfig _, DistilBertConfig _ ->
          IntUnaryOperator.identity();
    };
  }

  /** Rows i and i + size / 2 of a head become neighbours. */
  private static int paired(int row, int headDim) {
    int inHead = row % headDim;
    return row - inHead + inHead % 2 * (headDim / 2) + inHead / 2;
  }

  /** Rows (head, q k v, size) become (q k v, head, size). */
  private static int grouped(int row, GptNeoXConfig base) {
    int size = base.headDim();
    int part = row / (base.heads() * size);
    int head = row / size % base.heads();
    return (head * 3 + part) * size + row % size;
  }
}
