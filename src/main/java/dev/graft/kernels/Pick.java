package dev.graft.kernels;

import java.util.List;

/** {@code output = input[picked]}, the positions that the head looks at. */
record Pick(String output, String input) implements Statement {
  private String rows() {
    return input + "_rows";
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = torch.size(%s, 0)", rows(), input);
    reference(text);
  }

  @Override
  public void reference(LayerText text) {
    text.line("%s = torch.index_select(%s, 0, %s)", output, input, BatchContext.PICKED.reference());
  }

  @Override
  public void backward(LayerText text) {
    text.add(
        input,
        "__torch__.ops.pick.backward(%s, %s, %s)"
            .formatted(
                text.take(output), BatchContext.PICKED.reference(), text.saved(rows(), "int")));
  }
}
