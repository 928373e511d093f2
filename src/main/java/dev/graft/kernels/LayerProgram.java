package dev.graft.kernels;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Writes the TorchScript methods of a layer from its statements. {@code <name>} is the program's
 * name; every method reads {@code w}, the tensors in the order of {@link LayerTensors#names},
 * {@code c}, the tensors of {@link BatchContext}, and {@code chunks} and {@code windowed}, how
 * attention goes over the tokens without and with a window.
 *
 * <ul>
 *   <li>{@code <name>_forward(x, w, c, chunks, windowed) -> (y, saved)}, with dropout
 *   <li>{@code <name>_backward(g, saved, w, gradients, c, chunks, windowed) -> dx}: uses up g, adds
 *       to the gradients
 *   <li>{@code <name>_backward_first(...)}: the same without dx, for the lowest layer that trains
 *   <li>where tokens hand something to those behind them, both in two, see {@link CutLayer}
 *   <li>{@code <name>_train(x, w, c, chunks, windowed) -> y}: forward alone, where a statement
 *       drops
 *   <li>{@code <name>_infer(x, w, c, chunks, windowed) -> y}
 *   <li>{@code <name>_inputs(x, w, c, chunks, windowed) -> (y, values)}: infer, and values on the
 *       way
 *   <li>{@code <name>_decode(x, w, c, chunks, windowed, keys, values, past) -> y}: with the keys
 *       and values of earlier tokens; an embedding's has no arguments keys and values
 *   <li>{@code <name>_autograd(g, x, w, gradients, c, chunks, windowed) -> dx}: backward by
 *       autograd over the plain definitions, the check of everything else
 *   <li>{@code <name>_autograd_first(...)}: the same without dx
 * </ul>
 */
public final class LayerProgram {
  public static final String INPUT = "x";
  static final String BATCH = "c: List[Tensor], chunks: List[int], windowed: List[int]";
  static final String READ = "w: List[Tensor], " + BATCH;
  private static final String CACHE = ", keys: Tensor, values: Tensor";

  private final String name;
  private final List<Statement> statements;
  private final LayerTensors tensors;

  /**
   * @param tensors those of the statements
   */
  public LayerProgram(String name, List<Statement> statements, LayerTensors tensors) {
    this.name = name;
    this.statements = List.copyOf(statements);
    this.tensors = tensors;
  }

  /** All methods of a layer from hidden states to hidden states, indented as members of a class. */
  public String methods() {
    String whole = infer() + train() + decode(CACHE) + training(true);
    return whole + CutLayer.of(this, statements).map(CutLayer::methods).orElse("");
  }

  /** Methods of a program that is not repeated for later tokens: the head. */
  public String methodsOfHead() {
    return infer() + training(true);
  }

  /** Methods of a program whose input has no gradient and is not in the cache: the embedding. */
  public String methodsOfEmbedding() {
    return infer() + train() + decode("") + (tensors.trained().isEmpty() ? "" : training(false));
  }

  /**
   * The method that shows values of inference: of each the rows that are picked, in f32.
   *
   * @param values what linear layers read
   */
  public String inputs(List<String> values) {
    LayerText text = text(false);
    Set<String> shown = new HashSet<>();
    for (Statement each : statements) {
      for (String value : each.inputs()) {
        if (!values.contains(value) || !shown.add(value)) continue;
        text.line(
            "shown_%s = torch.to(torch.index_select(%s, 0, %s), 6)",
            value, value, BatchContext.PICKED.reference());
      }
      each.forward(text);
    }
    String all = values.stream().map(each -> "shown_" + each).collect(Collectors.joining(", "));
    return method(
        "inputs",
        "x: Tensor, " + READ,
        "Tuple[Tensor, List[Tensor]]",
        text.lines() + "    return (%s, [%s])\n".formatted(output(), all));
  }

  /** A tuple's elements, under their names. */
  static String unpacked(Collection<String> names, String tuple) {
    if (names.isEmpty()) return "";
    return "    %s, = %s\n".formatted(String.join(", ", names), tuple);
  }

  private String training(boolean inputGradient) {
    String text = forward(inputGradient);
    if (inputGradient) text += backward(true, true) + autograd(true);
    if (trains()) text += backward(inputGradient, false) + autograd(false);
    return text;
  }

  LayerText text(boolean training) {
    Map<String, Statement> cheap =
        statements.stream()
            .filter(Statement::cheap)
            .collect(Collectors.toMap(Statement::output, Function.identity()));
    return new LayerText(tensors, training, cheap, spent());
  }

  /** What one statement alone reads, and nothing keeps. */
  private Set<String> spent() {
    Map<String, Long> readers =
        statements.stream()
            .flatMap(each -> each.inputs().stream())
            .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    return statements.stream()
        .filter(each -> each.fresh() && readers.getOrDefault(each.output(), 0L) == 1)
        .map(Statement::output)
        .collect(Collectors.toSet());
  }

  String output() {
    return statements.getLast().output();
  }

  /** Values that backward needs, with their types. */
  Map<String, String> saved(boolean inputGradient) {
    return writeBackward(inputGradient).saved();
  }

  private LayerText writeBackward(boolean inputGradient) {
    LayerText text = beginBackward(inputGradient);
    down(statements, text);
    return text;
  }

  /** Text that knows the output's gradient, and which others are needed. */
  LayerText beginBackward(boolean inputGradient) {
    LayerText text = text(true);
    if (inputGradient) text.need(INPUT);
    for (Statement each : statements) {
      if (each.trains(text)) text.need(each.output());
    }
    text.add(output(), "g");
    return text;
  }

  static void down(List<Statement> statements, LayerText text) {
    for (Statement each : statements.reversed()) {
      if (text.needsGradient(each.output())) each.backward(text);
    }
  }

  boolean trains() {
    return !tensors.trained().isEmpty();
  }

  private String forward(boolean inputGradient) {
    Map<String, String> saved = saved(inputGradient);
    LayerText text = text(true);
    statements.forEach(each -> each.forward(text));
    String values = String.join(", ", saved.keySet());
    return method(
        "forward",
        "x: Tensor, " + READ,
        "Tuple[Tensor, %s]".formatted(types(saved)),
        text.lines() + "    return (%s, (%s,))\n".formatted(output(), values));
  }

  /**
   * @param savesForInput what forward was written for
   */
  private String backward(boolean savesForInput, boolean inputGradient) {
    Map<String, String> saved = saved(savesForInput);
    LayerText text = writeBackward(inputGradient);
    String result = inputGradient ? text.take(INPUT) : "0";
    return method(
        inputGradient ? "backward" : "backward_first",
        "g: Tensor, saved: %s, w: List[Tensor], gradients: List[Tensor], ".formatted(types(saved))
            + BATCH,
        inputGradient ? "Tensor" : "int",
        unpacked(saved.keySet(), "saved") + text.lines() + "    return %s\n".formatted(result));
  }

  private String infer() {
    return forwardOnly("infer", false);
  }

  /** Below everything that trains nothing is saved, but the base drops there too. */
  private String train() {
    boolean drops = statements.stream().anyMatch(Statement::drops);
    return drops ? forwardOnly("train", true) : "";
  }

  private String forwardOnly(String suffix, boolean training) {
    LayerText text = text(training);
    statements.forEach(each -> each.forward(text));
    return method(
        suffix,
        "x: Tensor, " + READ,
        "Tensor",
        text.lines() + "    return %s\n".formatted(output()));
  }

  private String decode(String cache) {
    LayerText text = text(false);
    statements.forEach(each -> each.decode(text));
    return method(
        "decode",
        "x: Tensor, " + READ + cache + ", past: int",
        "Tensor",
        text.lines() + "    return %s\n".formatted(output()));
  }

  private String autograd(boolean inputGradient) {
    LayerText text = new LayerText(tensors.definition(), true, Map.of(), Set.of());
    statements.forEach(each -> each.reference(text));
    StringBuilder body = new StringBuilder();
    body.append("    _a = torch.set_grad_enabled(True)\n");
    body.append(
        inputGradient
            ? "    x = torch.requires_grad_(torch.detach(x0), True)\n"
            : "    x = torch.detach(x0)\n");
    body.append("    w = annotate(List[Tensor], [])\n");
    body.append("    leaves = annotate(List[Tensor], [%s])\n".formatted(inputGradient ? "x" : ""));
    for (int i = 0; i < tensors.names().size(); i++) leaf(body, i);
    body.append(text.lines());
    body.append(
        "    d = torch.autograd.grad([%s], leaves, annotate(List[Optional[Tensor]], [g]), False, False, False)\n"
            .formatted(output()));
    body.append("    _e = torch.set_grad_enabled(False)\n");
    int first = inputGradient ? 1 : 0;
    for (int i = 0; i < tensors.trained().size(); i++) {
      body.append(
          "    _f%d = torch.add_(gradients[%d], unchecked_cast(Tensor, d[%d]))\n"
              .formatted(i, i, i + first));
    }
    body.append("    return %s\n".formatted(inputGradient ? "unchecked_cast(Tensor, d[0])" : "0"));
    return method(
        inputGradient ? "autograd" : "autograd_first",
        "g: Tensor, x0: Tensor, w0: List[Tensor], gradients: List[Tensor], " + BATCH,
        inputGradient ? "Tensor" : "int",
        body.toString());
  }

  private void leaf(StringBuilder body, int i) {
    boolean trained = tensors.trained().contains(tensors.names().get(i));
    if (!trained) {
      body.append("    _b%d = torch.append(w, w0[%d])\n".formatted(i, i));
      return;
    }
    body.append("    t%d = torch.requires_grad_(torch.detach(w0[%d]), True)\n".formatted(i, i));
    body.append("    _b%d = torch.append(w, t%d)\n".formatted(i, i));
    body.append("    _c%d = torch.append(leaves, t%d)\n".formatted(i, i));
  }

  static String types(Map<String, String> saved) {
    return saved.values().stream().collect(Collectors.joining(", ", "Tuple[", "]"));
  }

  String method(String suffix, String arguments, String result, String body) {
    return "  def %s_%s(self: __torch__.Model,\n    %s) -> %s:\n%s"
        .formatted(name, suffix, arguments.replace(", ", ",\n    "), result, body);
  }
}
