package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = } virtual tokens in front of every row of {@code input}.
 *
 * @param virtual tensor (virtual tokens, features)
 */
public record Prepend(String output, String input, String virtual) implements Statement {
  private static final String JOINED = BatchContext.JOINED.reference();

  private String sources() {
    return output + "_sources";
  }

  private String count() {
    return output + "_virtual";
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public List<String> tensors() {
    return List.of(virtual);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = torch.size(%s, 0)", count(), text.tensor(virtual));
    text.line("%s = %s + torch.size(%s, 0)", sources(), count(), input);
    reference(text);
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.prepend.forward(%s, %s, %s)",
        output, input, text.tensor(virtual), JOINED);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String n = text.saved(count(), "int");
    String both = "d_" + output + "_both";
    text.line(
        "%s = __torch__.ops.prepend.backward(%s, %s, %s)",
        both, g, JOINED, text.saved(sources(), "int"));
    if (text.isTrained(virtual)) {
      text.effect("__torch__.ops.prepend.backward_virtual(%s, %s)", text.gradientOf(virtual), both);
    }
    text.add(input, "__torch__.ops.prepend.backward_input(%s, %s, %s)".formatted(g, both, n));
  }

  @Override
  public void decode(LayerText text) {
    text.line(
        "%s = __torch__.ops.prepend.decode(%s, %s, %s, past)",
        output, input, text.tensor(virtual), JOINED);
  }
}
