package dev.graft.weights;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The part of a configuration that every family has. */
final class BasicsReader {
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
        Dropouts.read(type, config));
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

  /** -1 stands for none in older files. */
  private @Nullable Integer id(String field, int vocab) {
    List<Integer> ids = config.ints(field, -1, vocab - 1);
    return ids.isEmpty() || ids.get(0) < 0 ? null : ids.get(0);
  }

  /** A base without a head writes text if its output is its token table, else it classifies. */
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
      throw config.bad("num_labels", "is not the size of id2label, " + count);
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
        if (labels == 1) throw config.bad("problem_type", "is '" + problem + "' of one label");
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
