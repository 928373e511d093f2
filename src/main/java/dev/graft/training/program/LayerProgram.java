package dev.graft.training.program;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Writes the TorchScript methods of a layer from its statements. {@code <name>} is the program's
 * name; every method reads {@code w}, the tensors in the order of {@link LayerTensors#names}, and
 * {@code cos}, {@code sin} (tokens, half a head).
 *
 * <ul>
 *   <li>{@code <name>_forward(x, w, cos, sin, block) -> (y, saved)}, with dropout
 *   <li>{@code <name>_backward(g, saved, w, gradients, cos, sin, block) -> dx}: uses up g, adds to
 *       the gradients
 *   <li>{@code <name>_backward_first(...)}: the same without dx, for the lowest layer that trains
 *   <li>{@code <name>_infer(x, w, cos, sin, block) -> y}
 *   <li>{@code <name>_decode(x, w, cos, sin, keys, values, past, block) -> y}: with the keys and
 *       values of earlier tokens
 *   <li>{@code <name>_autograd(g, x, w, gradients, cos, sin) -> dx}: backward by autograd over the
 *       plain definitions, the check of everything else
 * </ul>
 */
public final class LayerProgram {
  private static final String INPUT = "x";

  private final String name;
  private final List<Statement> statements;
  private final LayerTensors tensors;

  public LayerProgram(String name, List<Statement> statements, LayerTensors tensors) {
    this.name = name;
    this.statements = List.copyOf(statements);
    this.tensors = tensors;
  }

  /** All methods, indented as members of a class. */
  public String methods() {
    String text = infer() + decode();
    if (!tensors.trained().isEmpty()) text += backward(false);
    return text + forward() + backward(true) + autograd();
  }

  private String output() {
    return statements.getLast().output();
  }

  private LayerText writeBackward(boolean inputGradient) {
    LayerText text = new LayerText(tensors, tensors.dropout());
    if (inputGradient) text.need(INPUT);
    for (Statement each : statements) {
      if (each.trains(text)) text.need(each.output());
    }
    text.add(output(), "g");
    for (Statement each : statements.reversed()) {
      if (text.needsGradient(each.output())) each.backward(text);
    }
    return text;
  }

  private String forward() {
    Map<String, String> saved = writeBackward(true).saved();
    LayerText text = new LayerText(tensors, tensors.dropout());
    statements.forEach(each -> each.forward(text));
    String values = String.join(", ", saved.keySet());
    return method(
        "forward",
        "x: Tensor, w: List[Tensor], cos: Tensor, sin: Tensor, block: int",
        "Tuple[Tensor, %s]".formatted(types(saved)),
        text.lines() + "    return (%s, (%s,))\n".formatted(output(), values));
  }

  private String backward(boolean inputGradient) {
    Map<String, String> saved = writeBackward(true).saved();
    LayerText text = writeBackward(inputGradient);
    String unpack = "    %s, = saved\n".formatted(String.join(", ", saved.keySet()));
    String result = inputGradient ? text.take(INPUT) : "0";
    return method(
        inputGradient ? "backward" : "backward_first",
        "g: Tensor, saved: %s, w: List[Tensor], gradients: List[Tensor], cos: Tensor, sin: Tensor, block: int"
            .formatted(types(saved)),
        inputGradient ? "Tensor" : "int",
        unpack + text.lines() + "    return %s\n".formatted(result));
  }

  private String infer() {
    LayerText text = new LayerText(tensors, 0);
    statements.forEach(each -> each.forward(text));
    return method(
        "infer",
        "x: Tensor, w: List[Tensor], cos: Tensor, sin: Tensor, block: int",
        "Tensor",
        text.lines() + "    return %s\n".formatted(output()));
  }

  private String decode() {
    LayerText text = new LayerText(tensors, 0);
    statements.forEach(each -> each.decode(text));
    return method(
        "decode",
        "x: Tensor, w: List[Tensor], cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, past:"
            + " int, block: int",
        "Tensor",
        text.lines() + "    return %s\n".formatted(output()));
  }

  private String autograd() {
    LayerText text = new LayerText(tensors, tensors.dropout());
    statements.forEach(each -> each.reference(text));
    StringBuilder body = new StringBuilder();
    body.append("    _a = torch.set_grad_enabled(True)\n");
    body.append("    x = torch.requires_grad_(torch.detach(x0), True)\n");
    body.append("    w = annotate(List[Tensor], [])\n");
    body.append("    leaves = annotate(List[Tensor], [x])\n");
    for (int i = 0; i < tensors.names().size(); i++) {
      boolean trained = tensors.trained().contains(tensors.names().get(i));
      body.append(
          "    t%d = torch.requires_grad_(torch.detach(w0[%d]), %s)\n"
              .formatted(i, i, trained ? "True" : "False"));
      body.append("    _b%d = torch.append(w, t%d)\n".formatted(i, i));
      if (trained) body.append("    _c%d = torch.append(leaves, t%d)\n".formatted(i, i));
    }
    body.append(text.lines());
    body.append(
        "    d = torch.autograd.grad([%s], leaves, annotate(List[Optional[Tensor]], [g]), False, False, False)\n"
            .formatted(output()));
    body.append("    _e = torch.set_grad_enabled(False)\n");
    for (int i = 0; i < tensors.trained().size(); i++) {
      body.append(
          "    _f%d = torch.add_(gradients[%d], unchecked_cast(Tensor, d[%d]))\n"
              .formatted(i, i, i + 1));
    }
    body.append("    return unchecked_cast(Tensor, d[0])\n");
    return method(
        "autograd",
        "g: Tensor, x0: Tensor, w0: List[Tensor], gradients: List[Tensor], cos: Tensor, sin:"
            + " Tensor",
        "Tensor",
        body.toString());
  }

  private static String types(Map<String, String> saved) {
    return saved.values().stream().collect(Collectors.joining(", ", "Tuple[", "]"));
  }

  private String method(String suffix, String arguments, String result, String body) {
    return "  def %s_%s(self: __torch__.Model,\n    %s) -> %s:\n%s"
        .formatted(name, suffix, arguments.replace(", ", ",\n    "), result, body);
  }
}
