package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = input part^T}, where part is the first {@code out} rows and {@code in} columns of
 * a tensor that never trains.
 */
public record Project(String output, String input, String tensor, int out, int in)
    implements Statement {
  private String part(LayerText text) {
    return "torch.narrow(torch.narrow(%s, 0, 0, %d), 1, 0, %d)"
        .formatted(text.tensor(tensor), out, in);
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public List<String> tensors() {
    return List.of(tensor);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = __torch__.ops.linear.forward(%s, %s)", output, input, part(text));
  }

  @Override
  public void reference(LayerText text) {
    text.line("%s = __torch__.ops.linear.reference(%s, %s, None)", output, input, part(text));
  }

  @Override
  public void backward(LayerText text) {
    if (text.isTrained(tensor)) throw new IllegalStateException(tensor + " must not train");
    String g = text.take(output);
    if (!text.needsGradient(input)) return;
    text.put(
        input,
        "__torch__.ops.linear.backward_input(%s, %s, %s)"
            .formatted(text.total(input), g, part(text)));
  }
}
