package dev.graft.weights;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What {@code config.json} says about a supported architecture. A record names its {@link #leaves};
 * parameters and linear layers follow from them.
 */
public sealed interface ModelConfig
    permits DecoderConfig, Gpt2Config, GptNeoXConfig, BertConfig, DistilBertConfig {
  Basics basics();

  /** The same base under another head. Throws {@link IllegalArgumentException} if it has none. */
  ModelConfig withTask(Task task);

  /** What names of the base's parameters begin with, such as {@code model.}. */
  String basePrefix();

  /** What names of a layer's parameters begin with, such as {@code model.layers.3.}. */
  String layerPrefix(int layer);

  /** Name of the token table, (vocabulary, hidden). */
  String inputEmbedding();

  /** Path of the module that makes logits, such as {@code lm_head}; tied ones have no parameter. */
  String outputModule();

  /** Every module that holds parameters, in the order of the forward pass. */
  List<Leaf> leaves();

  /** Whether a checkpoint may hold this tensor although nothing here uses it. */
  boolean ignores(String tensor);

  /**
   * Reads a {@code config.json}.
   *
   * @throws BadModel if it is not one of a supported architecture, saying why
   */
  static ModelConfig read(byte[] json) {
    return ConfigReader.read(JsonFields.parse("config.json", json), null);
  }

  /** Whether models of a supported {@code model_type} classify text and cannot write any. */
  static boolean isEncoder(String modelType) {
    ModelType type = ModelType.named(modelType);
    return type != null && type.encoder();
  }

  /** The dropouts that the base was pre-trained with, by its configuration. */
  default Dropouts dropouts() {
    return basics().dropouts();
  }

  /** {@code model_type}. */
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

  /** Tokens of context. */
  default int contextLength() {
    return maxPositionEmbeddings();
  }

  default boolean tieWordEmbeddings() {
    return basics().tieWordEmbeddings();
  }

  /** Standard deviation of the weights of a new head; its biases start at zero. */
  default double initializerRange() {
    return basics().initializerRange();
  }

  /** Token ids that end an answer, from generation_config.json and config.json; may be empty. */
  default List<Integer> eosTokenIds() {
    return basics().eosTokenIds();
  }

  default @Nullable Integer padTokenId() {
    return basics().padTokenId();
  }

  default Task task() {
    return basics().task();
  }

  /** Every parameter of the model, in the order of the forward pass. */
  default List<Parameter> parameters() {
    return leaves().stream().flatMap(leaf -> leaf.parameters().stream()).toList();
  }

  /** Names of {@link #parameters}. */
  default Set<String> parameterNames() {
    return parameters().stream().map(Parameter::name).collect(Collectors.toSet());
  }

  /** One of {@link #parameters}. */
  default Parameter parameter(String name) {
    return parameters().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("the base has no " + name));
  }

  /** Whether logits of tokens are made by the token table itself. */
  default boolean sharesTable() {
    return switch (task()) {
      case Task.CausalLm() -> tieWordEmbeddings();
      case Task.SequenceClassification head -> false;
    };
  }

  /**
   * The linear layers that PEFT's {@code all-linear} adapts, in the order of {@link #parameters}:
   * all but a head that is itself one linear layer.
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

  /** Parameters that are new where the checkpoint is of a base without this task's head. */
  default List<Parameter> newHead() {
    return switch (task()) {
      case Task.CausalLm() -> List.of();
      case Task.SequenceClassification head ->
          parameters().stream()
              .filter(p -> !p.name().startsWith(basePrefix()) || p.name().contains(".pooler."))
              .toList();
    };
  }

  /** What a parameter belongs to; a bias has the kind of its module. */
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
    /** Path of the module that it belongs to. */
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
   * Probabilities of the dropouts that a base's own {@code config.json} names, by where
   * transformers has them; 0 = none there.
   *
   * @param embedding on what goes into the first layer
   * @param attention on the weights of attention, after the softmax
   * @param attentionOutput on what attention adds to the residual
   * @param feedForward on what the feed-forward network adds to the residual
   * @param head on what goes into a classifier's output layer (RoBERTa: into each of its two)
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
    /** With tanh in place of the error function. */
    GELU_TANH,
    RELU,
    TANH;

    /** By the name of transformers; null where it is not supported. */
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

  /**
   * What every architecture has. Field names are those of {@code transformers}.
   *
   * @param modelType {@code model_type}
   */
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
