package dev.graft.model;

import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Join;
import dev.graft.kernels.Elementwise.Scale;
import dev.graft.kernels.Elementwise.Widen;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Statement;
import dev.graft.kernels.Widen;
import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The factors beside the matrix W that makes logits, which no layer computes: with h the last
 * hidden states, W h + scale B A h is [W, B] [h, scale A h], so that the loss goes on as before.
 */
final class OutputFactors implements AdapterPart {
  private final Lora method;
  private final ModelDirectory base;
  private final String module;
  private final int rank;

  /** The matrix that W comes from: the token table where they are tied. */
  private final ModelConfig.Parameter weight;

  public OutputFactors(Lora method, ModelDirectory base) {
    this.method = method;
    this.base = base;
    ModelConfig config = base.config();
    module = config.outputModule();
    rank = method.rank(module);
    String name = config.tieWordEmbeddings() ? config.inputEmbedding() : module + LoraStart.WEIGHT;
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
    return module + LoraStart.A;
  }

  private String b() {
    return module + LoraStart.B;
  }

  private String matrix() {
    return module + LoraStart.WEIGHT;
  }

  private String both() {
    return module + ".weight_and_lora_B";
  }

  @Override
  public List<Slot> slots() {
    return List.of(new Slot(a(), rank, weight.shape()[1]), new Slot(b(), weight.shape()[0], rank));
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return slots().stream()
        .map(slot -> LoraStart.of(method.initLoraWeights(), slot, rank, seed))
        .toList();
  }

  private boolean saves() {
    return EmbeddingFactors.savesTable(method, List.of(module));
  }

  @Override
  public Set<String> kept() {
    return saves() ? Set.of(matrix()) : Set.of();
  }

  /** A tied matrix has no tensor of its own in the base. */
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
    return AdapterPart.super.savedName(
        name.equals(matrix()) ? module + ".base_layer" + LoraStart.WEIGHT : name);
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
  public OutputPart outputPart() {
    return new OutputPart(b(), null);
  }

  /** The head is the one part of a model after which only the output matrix comes. */
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
        : "target_modules: %s is the token table, too, which the adapter does not change"
            .formatted(module);
  }

  @Override
  public float[] merged(String name, WeightRows rows, Map<String, NamedTensor> trained) {
    if (!name.equals(weight.name())) return rows.values();
    String why = unmergeable();
    if (why != null) throw new IllegalArgumentException(why);
    float[] a = Mergeable.floats(trained, a());
    float[] b = Mergeable.floats(trained, b());
    int in = (int) weight.shape()[1];
    int out = (int) weight.shape()[0];
    new WeightMatrix(rows, out, in, false).add(rank, a, b, method.scale(module));
    return rows.values();
  }
}
