package dev.graft.kernels;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The first half of the low-rank paths of linear layers that read one value (LoRA, Hu et al. 2021):
 * {@code output = dropout(input) <module>.lora_A^T}, the ranks of the modules side by side, so that
 * the value is read once.
 *
 * @param dropout probability, in training
 */
public record LowRankInput(String output, String input, List<String> modules, double dropout)
    implements Statement {
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
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public List<String> tensors() {
    return modules.stream().map(each -> each + ".lora_A.weight").toList();
  }

  /** Of all factors A. */
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

  /** The input, or what dropout leaves of it. */
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
