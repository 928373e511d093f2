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
    return ConfigReader.read(JsonFile.parse("config.json", json), null);
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
}
