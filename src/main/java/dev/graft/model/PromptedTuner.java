package dev.graft.model;

import dev.graft.kernels.Attend;
import dev.graft.kernels.Elementwise.Scale;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.Embedding.Prepend;
import dev.graft.kernels.Statement;
import dev.graft.model.Rewrite.VirtualTokens;
import dev.graft.model.Tuner.Computed;
import dev.graft.spec.Prompted;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Prompted.PromptTuning.Init;
import dev.graft.text.Tokenizer;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A method with virtual tokens. */
abstract sealed class PromptedTuner implements Tuner {
  /** PEFT's name of the module with an encoder's parameters. */
  static final String ENCODER = "prompt_encoder.";

  final PromptPaths paths;

  PromptedTuner(PromptPaths paths) {
    this.paths = paths;
  }

  /**
   * Returns the saved tensor as computed from all slots by a function of {@code prompt_encoder}.
   */
  final Computed computedBy(String function) {
    return new Computed(
        PromptPaths.NAME,
        paths.shape(),
        "__torch__.adapters.prompt_encoder." + function,
        slots().stream().map(Slot::name).toList());
  }

  /** Returns the saved tensor as a slot. */
  final Slot embeddings() {
    return new Slot(PromptPaths.NAME, paths.shape());
  }

  @Override
  public final List<Statement> apply(String prefix, List<Statement> statements) {
    return paths.apply(prefix, statements);
  }

  @Override
  public final String unmergeable() {
    return "virtual tokens are not weights and cannot be merged into the base";
  }

  @Override
  public final VirtualTokens virtualTokens() {
    return paths.virtualTokens();
  }

  @Override
  public final List<Tuner.ColumnSlice> columns() {
    return paths.columns();
  }

  @Override
  public final List<NamedTensor> saved(List<NamedTensor> trained) {
    return trained.stream().filter(each -> each.name().equals(PromptPaths.NAME)).toList();
  }

  @Override
  public final List<NamedTensor> read(List<NamedTensor> saved) {
    if (computed() == null) return saved(saved);
    List<NamedTensor> encoder =
        saved.stream().filter(each -> each.name().startsWith(ENCODER)).toList();
    if (encoder.isEmpty()) {
      throw new IllegalArgumentException(
          "the adapter holds only the output of its encoder, so its training cannot continue");
    }
    return encoder;
  }

  /**
   * Prefix tuning (Li and Liang 2021): keys and values of virtual tokens in every layer, side by
   * side in one matrix, used as they are: no positions, no norm. With a projection two linear
   * layers with tanh between them compute the matrix from narrower rows.
   */
  static final class PrefixTuner extends PromptedTuner {
    private static final String EMBEDDING = ENCODER + "embedding.weight";
    private static final String TRANSFORM = ENCODER + "transform.";

    private final PrefixTuning method;
    private final int keys;
    private final int hidden;

    public PrefixTuner(PrefixTuning method, ModelConfig config) {
      super(new PromptPaths(method, config));
      this.method = method;
      keys = AttentionShape.of(config).keyFeatures();
      Integer wanted = method.encoderHiddenSize();
      hidden = wanted == null ? keys : wanted;
    }

    @Override
    public List<Slot> slots() {
      if (!method.prefixProjection()) return List.of(embeddings());
      long width = paths.shape()[1];
      return List.of(
          new Slot(EMBEDDING, method.numVirtualTokens(), keys),
          new Slot(TRANSFORM + "0.weight", hidden, keys),
          new Slot(TRANSFORM + "0.bias", hidden),
          new Slot(TRANSFORM + "2.weight", width, hidden),
          new Slot(TRANSFORM + "2.bias", width));
    }

    /** Starts as torch's modules do; PEFT's zero start applies to the last tensors. */
    @Override
    public List<NamedTensor> start(long seed) {
      List<NamedTensor> start = new ArrayList<>();
      for (Slot slot : slots()) {
        boolean last =
            slot.name().equals(PromptPaths.NAME) || slot.name().startsWith(TRANSFORM + "2.");
        if (last && method.initZero()) start.add(Starts.zeros(slot));
        else if (!slot.name().startsWith(TRANSFORM)) start.add(Starts.normal(slot, 1, seed));
        else {
          int in = slot.name().startsWith(TRANSFORM + "0.") ? keys : hidden;
          start.add(Starts.uniform(slot, 1 / Math.sqrt(in), seed));
        }
      }
      return start;
    }

    @Override
    public @Nullable Computed computed() {
      return method.prefixProjection() ? computedBy("projection") : null;
    }
  }

  /**
   * P-tuning (Liu et al. 2021): virtual tokens that an encoder computes from its own embedding:
   * three linear layers with ReLU between them, or a bidirectional LSTM before two. Parameters
   * start as torch's modules do.
   */
  static final class PromptEncoderTuner extends PromptedTuner {
    private final PTuning method;
    private final int features;
    private final int hidden;

    public PromptEncoderTuner(PTuning method, ModelConfig config) {
      super(new PromptPaths(method, config));
      this.method = method;
      features = config.hiddenSize();
      Integer wanted = method.encoderHiddenSize();
      hidden = wanted == null ? features : wanted;
    }

    @Override
    public List<Slot> slots() {
      List<Slot> slots = new ArrayList<>();
      slots.add(new Slot(ENCODER + "embedding.weight", method.numVirtualTokens(), features));
      switch (method.encoderReparameterizationType()) {
        case MLP -> {
          linear(slots, 0, features, hidden);
          linear(slots, 2, hidden, hidden);
          linear(slots, 4, hidden, features);
        }
        case LSTM -> {
          for (int layer = 0; layer < method.encoderNumLayers(); layer++) lstm(slots, layer);
          linear(slots, 0, 2 * hidden, 2 * hidden);
          linear(slots, 2, 2 * hidden, features);
        }
      }
      return slots;
    }

    private static void linear(List<Slot> slots, int index, int in, int out) {
      String module = ENCODER + "mlp_head." + index;
      slots.add(new Slot(module + ".weight", out, in));
      slots.add(new Slot(module + ".bias", out));
    }

    /** Adds both directions of a layer; rows are the gates i, f, g, o. */
    private void lstm(List<Slot> slots, int layer) {
      int in = layer == 0 ? features : 2 * hidden;
      for (String direction : List.of("", "_reverse")) {
        String end = "_l" + layer + direction;
        String module = ENCODER + "lstm_head.";
        slots.add(new Slot(module + "weight_ih" + end, 4L * hidden, in));
        slots.add(new Slot(module + "weight_hh" + end, 4L * hidden, hidden));
        slots.add(new Slot(module + "bias_ih" + end, 4L * hidden));
        slots.add(new Slot(module + "bias_hh" + end, 4L * hidden));
      }
    }

    @Override
    public List<NamedTensor> start(long seed) {
      List<NamedTensor> start = new ArrayList<>();
      long in = features;
      for (Slot slot : slots()) {
        if (slot.shape().length == 2) in = slot.shape()[1];
        if (slot.name().endsWith("embedding.weight")) start.add(Starts.normal(slot, 1, seed));
        else if (slot.name().contains("lstm_head")) start.add(within(slot, hidden, seed));
        else start.add(within(slot, in, seed));
      }
      return start;
    }

    /** Starts a weight or the bias after it, both uniform by the input features. */
    private static NamedTensor within(Slot slot, long in, long seed) {
      return Starts.uniform(slot, 1 / Math.sqrt(in), seed);
    }

    @Override
    public Computed computed() {
      return switch (method.encoderReparameterizationType()) {
        case MLP -> computedBy("mlp");
        case LSTM -> computedBy("lstm");
      };
    }
  }

  /** Prompt tuning (Lester et al. 2021): the rows of virtual tokens train. */
  static final class PromptTuner extends PromptedTuner {
    private final PromptTuning method;
    private final ModelDirectory base;

    public PromptTuner(PromptTuning method, ModelDirectory base) {
      super(new PromptPaths(method, base.config()));
      this.method = method;
      this.base = base;
    }

    @Override
    public List<Slot> slots() {
      return List.of(embeddings());
    }

    @Override
    public List<NamedTensor> start(long seed) {
      return List.of(
          switch (method.promptTuningInit()) {
            case Init.Random() -> Starts.normal(embeddings(), 1, seed);
            case Init.SampleVocab() -> rows(drawn(seed));
            case Init.Text(String text) -> rows(tokens(text));
          });
    }

    private int[] drawn(long seed) {
      return Starts.random(seed, PromptPaths.NAME)
          .ints(method.numVirtualTokens(), 0, base.config().vocabSize())
          .toArray();
    }

    /** Returns the tokens of the text, with the tokenizer's first token, repeated or cut. */
    private int[] tokens(String text) {
      int[] ids;
      try (Tokenizer tokenizer = Tokenizer.load(base.path())) {
        ids = tokenizer.ids(tokenizer.addsBos() ? tokenizer.bosToken() + text : text);
      }
      if (ids.length == 0)
        throw new IllegalArgumentException("prompt_tuning_init_text has no tokens");
      int[] repeated = new int[method.numVirtualTokens()];
      for (int i = 0; i < repeated.length; i++) repeated[i] = ids[i % ids.length];
      return repeated;
    }

    /** Returns the rows of the base's table for tokens. */
    private NamedTensor rows(int[] ids) {
      ModelConfig config = base.config();
      int size = config.hiddenSize();
      MappedTensor table =
          base.weights().require(config.inputEmbedding(), config.vocabSize(), config.hiddenSize());
      float factor = tableFactor(config);
      float[] row = new float[size];
      float[] all = new float[ids.length * size];
      for (int i = 0; i < ids.length; i++) {
        table.copyTo(row, (long) ids[i] * size);
        for (int j = 0; j < size; j++) all[i * size + j] = row[j] * factor;
      }
      return NamedTensor.of(PromptPaths.NAME, all, paths.shape());
    }

    /** Returns the factor of the table's rows, which Gemma has. */
    private static float tableFactor(ModelConfig config) {
      return config instanceof DecoderConfig decoder && decoder.multipliers().scalesTable()
          ? (float) decoder.multipliers().embedding()
          : 1;
    }
  }

  /**
   * The changes of a model by virtual tokens, from the one tensor that PEFT saves: rows before the
   * real ones, or keys and values before those of every layer, side by side in one matrix and used
   * without positions or norm.
   */
  record PromptPaths(Prompted method, ModelConfig config) implements Rewrite {
    /** The tensor: (virtual tokens, hidden), or (virtual tokens, 2 layers features of keys). */
    public static final String NAME = "prompt_embeddings";

    /**
     * @throws IllegalArgumentException if the base does not predict tokens
     */
    public PromptPaths {
      if (!(config.task() instanceof Task.CausalLm)) {
        throw new IllegalArgumentException("virtual tokens are not supported for a classification");
      }
    }

    /** Returns the shape of the tensor. */
    public long[] shape() {
      long width =
          switch (method) {
            case PromptTuning prompt -> config.hiddenSize();
            case PTuning prompt -> config.hiddenSize();
            case PrefixTuning prefix -> 2L * config.numHiddenLayers() * keys();
          };
      return new long[] {method.numVirtualTokens(), width};
    }

    private int keys() {
      return AttentionShape.of(config).keyFeatures();
    }

    @Override
    public List<Statement> apply(String prefix, List<Statement> statements) {
      return switch (method) {
        case PromptTuning prompt -> prepended(statements);
        case PTuning prompt -> prepended(statements);
        case PrefixTuning of ->
            statements.stream()
                .map(each -> each instanceof Attend attend ? attend.behind("prefix") : each)
                .toList();
      };
    }

    private static List<Statement> prepended(List<Statement> statements) {
      return change(
          statements, "real_rows", (output, input) -> new Prepend(output, input, "/" + NAME));
    }

    /** Returns the columns of each layer, keys beside values. */
    public List<Tuner.ColumnSlice> columns() {
      if (!(method instanceof PrefixTuning)) return List.of();
      long width = 2L * keys();
      return IntStream.range(0, config.numHiddenLayers())
          .mapToObj(
              i -> new Tuner.ColumnSlice(config.layerPrefix(i) + "prefix", NAME, i * width, width))
          .toList();
    }

    @Override
    public VirtualTokens virtualTokens() {
      return switch (method) {
        case PromptTuning prompt -> new VirtualTokens(prompt.numVirtualTokens(), 0);
        case PTuning prompt -> new VirtualTokens(prompt.numVirtualTokens(), 0);
        case PrefixTuning prefix -> new VirtualTokens(0, prefix.numVirtualTokens());
      };
    }
  }

  /** Makes a statement from the names of its output and its input. */
  @FunctionalInterface
  interface Change {
    Statement of(String output, String input);
  }

  /** Puts a statement between the token table's output {@link Embed#ROWS} and its users. */
  static List<Statement> change(List<Statement> statements, String before, Change change) {
    List<Statement> rewritten = new ArrayList<>();
    for (Statement each : statements) {
      if (!each.output().equals(Embed.ROWS)) {
        rewritten.add(each);
        continue;
      }
      rewritten.add(named(each, before));
      rewritten.add(change.of(Embed.ROWS, before));
    }
    return rewritten;
  }

  private static Statement named(Statement statement, String output) {
    return switch (statement) {
      case Embed of -> new Embed(output, of.ids(), of.table());
      case Scale of -> of.named(output);
      default -> throw new IllegalStateException(statement + " does not produce token rows");
    };
  }
}
