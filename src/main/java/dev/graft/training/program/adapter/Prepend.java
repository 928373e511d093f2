package dev.graft.training.program.adapter;

import dev.graft.training.program.LayerText;
import dev.graft.training.program.Statement;
import java.util.List;

/**
 * {@code output = } virtual tokens in front of every row of {@code input}: the rows of a batch grow
 * to {@code tokens}.
 *
 * @param virtual tensor (virtual tokens, features)
 */
public record Prepend(String output, String input, String virtual) implements Statement {
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
    reference(text);
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.prepend.forward(%s, %s, tokens)", output, input, text.tensor(virtual));
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String n = text.savedInt(count());
    if (text.isTrained(virtual)) {
      text.effect(
          "__torch__.ops.prepend.backward_virtual(%s, %s, tokens, %s)",
          text.gradientOf(virtual), g, n);
    }
    text.add(input, "__torch__.ops.prepend.backward_input(%s, tokens, %s)".formatted(g, n));
  }

  @Override
  public void decode(LayerText text) {
    text.line(
        "%s = __torch__.ops.prepend.decode(%s, %s, tokens, past)",
        output, input, text.tensor(virtual));
  }
}
