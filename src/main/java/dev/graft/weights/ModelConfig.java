package dev.graft.weights;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The {@code config.json} of a supported architecture. A record lists its {@link #leaves}, which
 * determine parameters and linear layers.
 */
public sealed interface ModelConfig
    permits DecoderConfig, Gpt2Config, GptNeoXConfig, BertConfig, DistilBertConfig {
  Basics basics();

  /** Returns the base with another head. Throws {@link IllegalArgumentException} if unsupported. */
  ModelConfig withTask(Task task);

  /** Returns the names of the architecture's modules. */
  Names names();

  /** Returns all modules with parameters of their own, in the order of the forward pass. */
  List<Leaf> leaves();

  /** Whether a checkpoint may contain this tensor although it is not used. */
  boolean ignores(String tensor);

  /**
   * Names of modules.
   *
   * @param base prefix of the base's parameters, such as {@code model.}
   * @param layers path of the list of layers
   * @param tokens path of the token table
   * @param languageHead path of the output layer that generates text; empty for encoders
   * @param classifier path of the output layer that classifies
   */
  record Names(String base, String layers, String tokens, String languageHead, String classifier) {}

  default String basePrefix() {
    return names().base();
  }

  /** Returns the prefix of a layer's parameters, such as {@code model.layers.3.}. */
  default String layerPrefix(int layer) {
    return names().layers() + "." + layer + ".";
  }

  /** Returns the name of the token table, (vocabulary, hidden). */
  default String inputEmbedding() {
    return names().tokens() + ".weight";
  }

  /**
   * Returns the path of the output module, such as {@code lm_head}; tied ones have no parameter.
   */
  default String outputModule() {
    return switch (task()) {
      case Task.CausalLm() -> names().languageHead();
      case Task.SequenceClassification _ -> names().classifier();
    };
  }

  /**
   * Reads a {@code config.json}.
   *
   * @throws BadModel if the architecture is not supported, with the reason
   */
  static ModelConfig read(byte[] json) {
    return ConfigReader.read(JsonFields.parse("config.json", json), null);
  }

  /** Whether models of a supported {@code model_type} can classify text but not generate it. */
  static boolean isEncoder(String modelType) {
    ModelType type = ModelType.named(modelType);
    return type != null && type.encoder();
  }

  default Dropouts dropouts() {
    return basics().dropouts();
  }

  default String modelType() {
    return basics().modelType();
  }

  default int hiddenSize() {
    return basics().hiddenSize();
  }

  default int vocabSize() {
    return basics().vocabSize();
  }

  default int numHiddenLayers() {
    return basics().numHiddenLayers();
  }

  default int maxPositionEmbeddings() {
    return basics().maxPositionEmbeddings();
  }

  /** Returns the context length in tokens. */
  default int contextLength() {
    return maxPositionEmbeddings();
  }

  default boolean tieWordEmbeddings() {
    return basics().tieWordEmbeddings();
  }

  /** Returns the standard deviation of a new head's weights; its biases start at zero. */
  default double initializerRange() {
    return basics().initializerRange();
  }

  /** Returns the ids that end an answer, from generation_config.json and config.json. */
  default List<Integer> eosTokenIds() {
    return basics().eosTokenIds();
  }

  default @Nullable Integer padTokenId() {
    return basics().padTokenId();
  }

  default Task task() {
    return basics().task();
  }

  /** Returns all parameters, in the order of the forward pass. */
  default List<Parameter> parameters() {
    return leaves().stream().flatMap(leaf -> leaf.parameters().stream()).toList();
  }

  default Set<String> parameterNames() {
    return parameters().stream().map(Parameter::name).collect(Collectors.toSet());
  }

  default Parameter parameter(String name) {
    return parameters().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("the base has no parameter " + name));
  }

  /** Whether the token table itself computes the logits of tokens. */
  default boolean sharesTable() {
    return switch (task()) {
      case Task.CausalLm() -> tieWordEmbeddings();
      case Task.SequenceClassification head -> false;
    };
  }

  /**
   * Returns the linear layers that PEFT's {@code all-linear} adapts, in the order of {@link
   * #parameters}: all but a head that is itself a linear layer.
   */
  default List<Linear> linearModules() {
    List<Linear> modules = new ArrayList<>();
    for (Leaf leaf : leaves()) {
      boolean head = leaf.path().equals(outputModule()) && !leaf.path().contains(".");
      boolean conv1d = leaf.kind() == Kind.CONV1D;
      if (!head && (conv1d || leaf.kind() == Kind.LINEAR)) {
        modules.add(new Linear(leaf.path(), leaf.size(), leaf.inFeatures(), conv1d));
      }
    }
    return modules;
  }

  /** Returns the parameters that a checkpoint without this task's head does not contain. */
  default List<Parameter> newHead() {
    return switch (task()) {
      case Task.CausalLm() -> List.of();
      case Task.SequenceClassification head ->
          parameters().stream()
              .filter(p -> !p.name().startsWith(basePrefix()) || p.name().contains(".pooler."))
              .toList();
    };
  }

  /** The kind of a parameter's module. */
  enum Kind {
    LINEAR,
    /** GPT-2's linear layer, whose weight is stored (in, out). */
    CONV1D,
    EMBEDDING,
    RMS_NORM,
    LAYER_NORM
  }

  /** A tensor by its Hugging Face name. */
  record Parameter(String name, long[] shape, Kind kind) {
    /** Returns the path of its module. */
    public String module() {
      return name.substring(0, name.lastIndexOf('.'));
    }
  }

  /**
   * A linear layer.
   *
   * @param path such as {@code model.layers.0.self_attn.q_proj}
   * @param conv1d whether the weight is stored (in, out)
   */
  record Linear(String path, int outFeatures, int inFeatures, boolean conv1d) {}

  /**
   * Dropout probabilities of a base's {@code config.json}, by their places in transformers; 0 =
   * none.
   *
   * @param embedding on the input of the first layer
   * @param attention on the weights of attention, after the softmax
   * @param attentionOutput on the output of attention
   * @param feedForward on the output of the feed-forward network
   * @param head on the input of a classifier's output layer (RoBERTa: of each of its two)
   */
  public record Dropouts(
      double embedding, double attention, double attentionOutput, double feedForward, double head) {
    public static final Dropouts NONE = new Dropouts(0, 0, 0, 0, 0);

    static Dropouts read(ModelType type, JsonFields c) {
      return switch (type) {
        case GPT2 -> {
          double residual = p(c, "resid_pdrop", 0.1);
          yield new Dropouts(
              p(c, "embd_pdrop", 0.1), p(c, "attn_pdrop", 0.1), residual, residual, 0);
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

  /** Activation functions that config files name. */
  public enum Activation {
    SILU,
    /** With the error function. */
    GELU,
    /** With tanh instead of the error function. */
    GELU_TANH,
    RELU,
    TANH;

    /** Returns an activation by transformers' name; null if it is not supported. */
    public static @Nullable Activation named(String name) {
      return switch (name) {
        case "silu", "swish" -> SILU;
        case "gelu", "gelu_python" -> GELU;
        case "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast" -> GELU_TANH;
        case "relu" -> RELU;
        case "tanh" -> TANH;
        default -> null;
      };
    }
  }

  /**
   * The attention heads of every layer of a model.
   *
   * @param heads number of query heads
   * @param keyValueHeads number of heads of keys and values
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

    /** Returns the features of a layer's keys in all heads. */
    public int keyFeatures() {
      return keyValueHeads * headDim;
    }
  }

  /** The settings of every architecture; names are those of {@code transformers}. */
  public record Basics(
      String modelType,
      int hiddenSize,
      int numHiddenLayers,
      int vocabSize,
      int maxPositionEmbeddings,
      boolean tieWordEmbeddings,
      double initializerRange,
      List<Integer> eosTokenIds,
      @Nullable Integer bosTokenId,
      @Nullable Integer padTokenId,
      Task task,
      ModelConfig.Dropouts dropouts) {
    public Basics {
      eosTokenIds = List.copyOf(eosTokenIds);
    }

    public Basics withTask(Task other) {
      return new Basics(
          modelType,
          hiddenSize,
          numHiddenLayers,
          vocabSize,
          maxPositionEmbeddings,
          tieWordEmbeddings,
          initializerRange,
          eosTokenIds,
          bosTokenId,
          padTokenId,
          other,
          dropouts);
    }
  }
}
