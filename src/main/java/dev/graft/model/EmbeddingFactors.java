package dev.graft.model;

import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Join;
import dev.graft.kernels.Elementwise.Scale;
import dev.graft.kernels.Elementwise.Widen;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.LowRank.LowRankEmbed;
import dev.graft.kernels.LowRank.Magnitude;
import dev.graft.kernels.Statement;
import dev.graft.model.Tuner.Derived;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.LoraInit;
import dev.graft.weights.Leaf;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** LoRA's factors beside embeddings; dropout does not apply to them. */
final class EmbeddingFactors implements Trainable {
  static final String A = ".lora_embedding_A";
  static final String B = ".lora_embedding_B";

  /** Names by which PEFT recognises an adapted embedding, whose table it saves. */
  private static final Set<String> SAVED_TABLES = Set.of("embed_tokens", "lm_head");

  private final Lora method;
  private final List<Leaf> tables;
  private final ModelDirectory base;

  public EmbeddingFactors(Lora method, List<Leaf> tables, ModelDirectory base) {
    this.method = method;
    this.tables = List.copyOf(tables);
    this.base = base;
    if (!tables.isEmpty() && method.variant().loraBias()) {
      throw new IllegalArgumentException(
          "lora_bias: not supported for the embedding %s, as in PEFT"
              .formatted(tables.getFirst().path()));
    }
  }

  private int rank(Leaf table) {
    return method.rank(table.path());
  }

  private double scale(Leaf table) {
    return method.scale(table.path());
  }

  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    for (Leaf each : tables) {
      slots.add(new Slot(each.path() + A, rank(each), each.size()));
      slots.add(new Slot(each.path() + B, each.inFeatures(), rank(each)));
      if (method.variant().useDora()) {
        slots.add(new Slot(each.path() + LinearFactors.MAGNITUDE, each.inFeatures()));
      }
    }
    return slots;
  }

  /** Returns A zero and B standard normal, or both normal if {@code init_lora_weights} is false. */
  @Override
  public List<NamedTensor> start(long seed) {
    boolean random = method.initLoraWeights() instanceof LoraInit.Random;
    return slots().stream()
        .filter(slot -> !slot.name().endsWith(LinearFactors.MAGNITUDE))
        .map(
            slot ->
                slot.name().endsWith(A) && !random
                    ? Starts.zeros(slot)
                    : Starts.normal(slot, 1, seed))
        .toList();
  }

  /** Returns the tables that PEFT saves: token tables that the targets name as PEFT expects. */
  private List<Leaf> savedTables() {
    ModelConfig config = base.config();
    if (!savesTable(method, tables.stream().map(Leaf::path).toList())) return List.of();
    return tables.stream()
        .filter(each -> config.inputEmbedding().equals(each.path() + LoraTuner.WEIGHT))
        .toList();
  }

  /**
   * Returns whether PEFT saves the table beside its factors.
   *
   * @param paths that the targets match
   */
  static boolean savesTable(Lora method, List<String> paths) {
    boolean named =
        switch (method.targets().targetModules()) {
          case TargetModules.Names(List<String> names) ->
              names.stream().anyMatch(SAVED_TABLES::contains);
          case TargetModules.Pattern _ ->
              paths.stream()
                  .map(path -> path.substring(path.lastIndexOf('.') + 1))
                  .anyMatch(SAVED_TABLES::contains);
          case TargetModules.AllLinear(), TargetModules.FamilyDefault() -> false;
        };
    return named && method.extras().trainableTokenIndices().isEmpty();
  }

  @Override
  public Set<String> kept() {
    return savedTables().stream()
        .map(each -> each.path() + LoraTuner.WEIGHT)
        .collect(Collectors.toSet());
  }

  @Override
  public List<NamedTensor> frozen(long seed) {
    List<NamedTensor> frozen = new ArrayList<>();
    for (String each : kept()) {
      if (base.weights().stored(base.config().parameter(each)) instanceof MappedTensor table) {
        frozen.add(table.named().renamed(each));
      }
    }
    return frozen;
  }

  @Override
  public String savedName(String name) {
    return Trainable.super.savedName(name.replaceFirst("\\.weight$", ".base_layer.weight"));
  }

  @Override
  public List<Derived> derived() {
    if (!method.variant().useDora()) return List.of();
    return tables.stream().map(this::norm).toList();
  }

  private Derived norm(Leaf table) {
    return LinearFactors.doraNorm(
        table.path(), table.inFeatures(), "torch.t(%s)", A, B, scale(table));
  }

  @Override
  public Map<String, String> startsAs() {
    if (!method.variant().useDora()) return Map.of();
    return LinearFactors.doraStart(tables.stream().map(Leaf::path));
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    List<Statement> rewritten = new ArrayList<>();
    for (Statement each : statements) {
      Leaf table = each instanceof Embed of ? find(prefix + of.table()) : null;
      if (table == null || !(each instanceof Embed embed)) rewritten.add(each);
      else add(rewritten, embed, table);
    }
    return rewritten;
  }

  private @Nullable Leaf find(String weight) {
    return tables.stream()
        .filter(each -> weight.equals(each.path() + LoraTuner.WEIGHT))
        .findFirst()
        .orElse(null);
  }

  private void add(List<Statement> statements, Embed embed, Leaf table) {
    String module = table.path();
    String dense = embed.output() + "_dense";
    boolean dora = method.variant().useDora();
    String product = dora ? embed.output() + "_product" : embed.output();
    statements.add(new Embed(dense, embed.ids(), embed.table()));
    statements.add(new LowRankEmbed(product, dense, embed.ids(), module, scale(table)));
    if (dora) {
      statements.add(
          new Magnitude(
              embed.output(),
              product,
              module + LinearFactors.MAGNITUDE,
              module + LinearFactors.NORM));
    }
  }

  /** Adds scale (B A)^T to W and scales its columns to DoRA's lengths. */
  @Override
  public float[] merged(String name, Tuner.WeightRows rows, Map<String, NamedTensor> trained) {
    Leaf table = find(name);
    if (table == null) return rows.values();
    String why = unmergeable();
    if (why != null) throw new IllegalArgumentException(why);
    WeightMatrix weight = new WeightMatrix(rows, table.inFeatures(), table.size(), true);
    float[] a = Trainable.floats(trained, table.path() + A);
    weight.add(rank(table), a, Trainable.floats(trained, table.path() + B), scale(table));
    if (method.variant().useDora()) {
      weight.stretch(Trainable.floats(trained, table.path() + LinearFactors.MAGNITUDE));
    }
    return rows.values();
  }

  /** Returns false for DoRA, whose lengths are those of columns. */
  @Override
  public boolean mergesByRows(String name) {
    return !method.variant().useDora() || find(name) == null;
  }

  @Override
  public @Nullable String unmergeable() {
    ModelConfig config = base.config();
    if (!config.sharesTable()) return null;
    return tables.stream()
        .map(Leaf::path)
        .filter(path -> config.inputEmbedding().equals(path + LoraTuner.WEIGHT))
        .findFirst()
        .map(
            path ->
                "target_modules: %s is also the output matrix, which the adapter does not change"
                    .formatted(path))
        .orElse(null);
  }

  /**
   * LoRA's factors beside the output matrix W, which no layer computes. With h the last hidden
   * states, W h + scale B A h equals [W, B] [h, scale A h], so that the loss is computed as before.
   */
  static final class OutputFactors implements Trainable {
    private final Lora method;
    private final ModelDirectory base;
    private final String module;
    private final int rank;

    /** The stored matrix of W: the token table where they are tied. */
    private final ModelConfig.Parameter weight;

    public OutputFactors(Lora method, ModelDirectory base) {
      this.method = method;
      this.base = base;
      ModelConfig config = base.config();
      module = config.outputModule();
      rank = method.rank(module);
      String name =
          config.tieWordEmbeddings() ? config.inputEmbedding() : module + LoraTuner.WEIGHT;
      weight = config.parameter(name);
      LoraVariant variant = method.variant();
      boolean plainStart =
          switch (method.initLoraWeights()) {
            case LoraInit.Standard _, LoraInit.Random _, LoraInit.Gaussian _ -> true;
            case LoraInit.Orthogonal _,
                LoraInit.Pissa _,
                LoraInit.Olora _,
                LoraInit.Loftq _,
                LoraInit.Eva _ ->
                false;
          };
      if (variant.useDora() || variant.loraBias() || !plainStart) {
        throw new IllegalArgumentException(
            "target_modules: on the output matrix %s no use_dora, no lora_bias and no"
                    .formatted(module)
                + " init_lora_weights but true, false and \"gaussian\" are supported");
      }
    }

    private String a() {
      return module + LoraTuner.A;
    }

    private String b() {
      return module + LoraTuner.B;
    }

    private String matrix() {
      return module + LoraTuner.WEIGHT;
    }

    private String both() {
      return module + ".weight_and_lora_B";
    }

    @Override
    public List<Slot> slots() {
      return List.of(
          new Slot(a(), rank, weight.shape()[1]), new Slot(b(), weight.shape()[0], rank));
    }

    @Override
    public List<NamedTensor> start(long seed) {
      return slots().stream()
          .map(slot -> LoraTuner.start(method.initLoraWeights(), slot, rank, seed))
          .toList();
    }

    private boolean saves() {
      return EmbeddingFactors.savesTable(method, List.of(module));
    }

    @Override
    public Set<String> kept() {
      return saves() ? Set.of(matrix()) : Set.of();
    }

    /** Returns a copy of a tied matrix, which has no tensor of its own in the base. */
    @Override
    public List<NamedTensor> frozen(long seed) {
      boolean own = weight.name().equals(matrix());
      if (own && !saves()) return List.of();
      return base.weights().stored(weight) instanceof MappedTensor plain
          ? List.of(plain.named().renamed(matrix()))
          : List.of();
    }

    @Override
    public long frozenBytes() {
      return weight.name().equals(matrix()) ? 0 : Float.BYTES * new Slot("", weight.shape()).size();
    }

    @Override
    public String savedName(String name) {
      return Trainable.super.savedName(
          name.equals(matrix()) ? module + ".base_layer" + LoraTuner.WEIGHT : name);
    }

    @Override
    public List<Derived> derived() {
      return List.of(
          new Derived(
              both(),
              new long[] {weight.shape()[0], weight.shape()[1] + rank},
              "torch.copy_(%s, torch.cat([torch.to(%s, 6), %s], 1))",
              List.of(matrix(), b())));
    }

    @Override
    public String output(String ofBase) {
      return both();
    }

    @Override
    public Tuner.OutputPart outputPart() {
      return new Tuner.OutputPart(b(), null);
    }

    /** Changes the head only, the part before the output matrix. */
    @Override
    public List<Statement> apply(String prefix, List<Statement> statements) {
      boolean embedding = statements.stream().anyMatch(each -> each instanceof Embed);
      if (!prefix.isEmpty() || embedding) return statements;
      List<Statement> rewritten = new ArrayList<>(statements);
      String hidden = "output_wide";
      rewritten.add(new Widen(hidden, statements.getLast().output()));
      String source = hidden;
      if (method.loraDropout() > 0) {
        source = hidden + "_input";
        rewritten.add(new Dropout(source, hidden, method.loraDropout()));
      }
      rewritten.add(new LinearLayer("low", source, module + ".lora_A", false));
      rewritten.add(new Scale("low_scaled", "low", method.scale(module)));
      rewritten.add(new Join("output_in", hidden, "low_scaled", rank));
      return rewritten;
    }

    @Override
    public @Nullable String unmergeable() {
      return weight.name().equals(matrix())
          ? null
          : "target_modules: %s is also the token table, which the adapter does not change"
              .formatted(module);
    }

    @Override
    public float[] merged(String name, Tuner.WeightRows rows, Map<String, NamedTensor> trained) {
      if (!name.equals(weight.name())) return rows.values();
      String why = unmergeable();
      if (why != null) throw new IllegalArgumentException(why);
      float[] a = Trainable.floats(trained, a());
      float[] b = Trainable.floats(trained, b());
      int in = (int) weight.shape()[1];
      int out = (int) weight.shape()[0];
      new WeightMatrix(rows, out, in, false).add(rank, a, b, method.scale(module));
      return rows.values();
    }
  }
}
