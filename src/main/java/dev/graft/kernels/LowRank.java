package dev.graft.kernels;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The second half of the low-rank path beside a linear layer: {@code output = dense + scale low
 * <module>.lora_B^T}. The value {@code dense} is used up.
 *
 * @param low output of a {@link LowRankInput}
 * @param start first of the module's ranks in it
 */
public record LowRank(
    String output, String dense, String low, int start, String module, double scale)
    implements Statement {
  private String b() {
    return module + ".lora_B.weight";
  }

  @Override
  public List<String> inputs() {
    return List.of(dense, low);
  }

  @Override
  public List<String> tensors() {
    return List.of(b());
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s = __torch__.adapters.low_rank.added(%s, %s, %d, %s, %s)",
        output, dense, low, start, text.tensor(b()), scale);
  }

  @Override
  public boolean fresh() {
    return true;
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.adapters.low_rank.added_reference(%s, %s, %d, %s, %s)",
        output, dense, low, start, text.tensor(b()), scale);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String typed = "d_" + output + "_typed"; // both products read it
    text.line("%s = __torch__.ops.dtype.like(%s, %s)", typed, g, text.tensor(b()));
    if (text.isTrained(b())) {
      text.effect(
          "__torch__.adapters.low_rank.backward_b(%s, %s, %d, %s, %s)",
          typed, text.saved(low), start, scale, text.gradientOf(b()));
    }
    if (text.needsGradient(low)) {
      text.put(
          low,
          "__torch__.adapters.low_rank.backward_low(%s, %s, %s, %d, %s, %s)"
              .formatted(text.total(low), typed, text.saved(low), start, text.tensor(b()), scale));
    }
    text.add(dense, g);
  }

  /**
   * The first half of the low-rank paths of linear layers that read one value (LoRA, Hu et al.
   * 2021): {@code output = dropout(input) <module>.lora_A^T}, the ranks of the modules side by
   * side, so that the value is read once.
   *
   * @param dropout probability, in training
   */
  public record LowRankInput(String output, String input, List<String> modules, double dropout)
      implements Statement.Unary {
    public LowRankInput {
      modules = List.copyOf(modules);
    }

    private String dropped() {
      return output + "_dropped";
    }

    private String mask() {
      return output + "_mask";
    }

    /** Torch's number of the input's element type. */
    private String kind() {
      return output + "_kind";
    }

    @Override
    public boolean drops() {
      return dropout > 0;
    }

    @Override
    public List<String> tensors() {
      return modules.stream().map(each -> each + ".lora_A.weight").toList();
    }

    /** Returns a list of all factors A. */
    private String list(UnaryOperator<String> text) {
      return tensors().stream().map(text).collect(Collectors.joining(", ", "[", "]"));
    }

    @Override
    public void forward(LayerText text) {
      text.line(
          "%s = __torch__.adapters.low_rank.project(%s, %s)",
          output, source(text), list(text::tensor));
      text.line("%s = ops.prim.dtype(%s)", kind(), input);
    }

    @Override
    public void reference(LayerText text) {
      text.line(
          "%s = __torch__.adapters.low_rank.project_reference(%s, %s)",
          output, source(text), list(text::tensor));
    }

    /** Returns the input, after dropout where that applies. */
    private String source(LayerText text) {
      if (!text.drops(dropout)) return input;
      text.line(
          "%s, %s, = __torch__.adapters.low_rank.dropout(__torch__.ops.dtype.like(%s, %s), %s, %s)",
          dropped(),
          mask(),
          input,
          text.tensor(tensors().getFirst()),
          dropout,
          BatchContext.AMONG.reference());
      return dropped();
    }

    @Override
    public void backward(LayerText text) {
      String v = text.take(output);
      boolean drops = text.drops(dropout);
      if (tensors().stream().allMatch(text::isTrained)) {
        text.effect(
            "__torch__.adapters.low_rank.backward_a(%s, %s, %s)",
            v, text.saved(drops ? dropped() : input), list(text::gradientOf));
      }
      if (!text.needsGradient(input)) return;
      String kind = text.saved(kind(), "int"); // the input itself may not be kept
      String a = list(text::tensor);
      if (drops) {
        text.add(
            input,
            "__torch__.adapters.low_rank.backward_dropped(%s, %s, %s, %s)"
                .formatted(v, a, text.saved(mask()), kind));
      } else {
        text.put(
            input,
            "__torch__.adapters.low_rank.backward_input(%s, %s, %s, %s)"
                .formatted(text.total(input), v, a, kind));
      }
    }
  }

  /**
   * The low-rank path beside a table (LoRA, Hu et al. 2021): {@code output = dense + scale
   * <module>.lora_embedding_A[:, ids]^T <module>.lora_embedding_B^T}. The value {@code dense} is
   * used up.
   *
   * @param ids null = the program's input {@code x}
   */
  public record LowRankEmbed(
      String output, String dense, @Nullable BatchContext ids, String module, double scale)
      implements Statement {
    private String a() {
      return module + ".lora_embedding_A";
    }

    private String b() {
      return module + ".lora_embedding_B";
    }

    private String low() {
      return output + "_low";
    }

    @Override
    public List<String> inputs() {
      return List.of(dense);
    }

    @Override
    public List<String> tensors() {
      return List.of(a(), b());
    }

    @Override
    public void forward(LayerText text) {
      text.line(
          "%s, %s, = __torch__.adapters.low_rank.embed(%s, %s, %s, %s, %s)",
          output,
          low(),
          dense,
          BatchContext.indices(ids),
          text.tensor(a()),
          text.tensor(b()),
          scale);
    }

    @Override
    public void reference(LayerText text) {
      text.line(
          "%s = __torch__.adapters.low_rank.embed_reference(%s, %s, %s, %s, %s)",
          output, dense, BatchContext.indices(ids), text.tensor(a()), text.tensor(b()), scale);
    }

    @Override
    public void backward(LayerText text) {
      String g = text.take(output);
      if (text.isTrained(a())) {
        if (ids == null) text.saved(LayerProgram.INPUT);
        text.effect(
            "__torch__.adapters.low_rank.embed_backward(%s, %s, %s, %s, %s, %s, %s)",
            g,
            BatchContext.indices(ids),
            text.saved(low()),
            text.tensor(b()),
            scale,
            text.gradientOf(a()),
            text.gradientOf(b()));
      }
      text.add(dense, g);
    }
  }

  /**
   * {@code output = input * (magnitude / norm)}, a learned length for each feature (DoRA, Liu et
   * al. 2024). The norm never trains.
   *
   * @param magnitude (features)
   * @param norm (features), the length without the factor
   */
  public record Magnitude(String output, String input, String magnitude, String norm)
      implements Statement.Unary {
    @Override
    public List<String> tensors() {
      return List.of(magnitude, norm);
    }

    private String scaled(LayerText text, String value) {
      return "__torch__.adapters.dora.forward(%s, %s, %s)"
          .formatted(value, text.tensor(magnitude), text.tensor(norm));
    }

    @Override
    public void forward(LayerText text) {
      text.line("%s = %s", output, scaled(text, input));
    }

    @Override
    public void backward(LayerText text) {
      if (text.isTrained(norm)) throw new IllegalStateException(norm + " must not train");
      String g = text.take(output);
      if (text.isTrained(magnitude)) {
        text.effect(
            "__torch__.adapters.dora.backward_magnitude(%s, %s, %s, %s)",
            text.gradientOf(magnitude), g, text.saved(input), text.tensor(norm));
      }
      text.add(input, scaled(text, g));
    }
  }
}
