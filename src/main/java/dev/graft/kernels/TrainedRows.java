package dev.graft.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code output = input}, the rows of a table in which some rows train: their values are in the
 * table already, their gradients go to a matrix of their own.
 *
 * @param ids null = the program's input {@code x}
 * @param rows name of that matrix, (trained, features)
 * @param slots name of a tensor (vocabulary): the place of each token in it, or their number
 */
public record TrainedRows(
    String output, String input, @Nullable BatchContext ids, String rows, String slots)
    implements Statement {
  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public List<String> tensors() {
    return List.of(rows, slots);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = %s", output, input);
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.embedding.rows_reference(%s, %s, %s, %s)",
        output, input, BatchContext.indices(ids), text.tensor(rows), text.tensor(slots));
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    if (text.isTrained(rows)) {
      if (ids == null) text.saved(LayerProgram.INPUT);
      text.effect(
          "__torch__.ops.embedding.rows_backward(%s, %s, %s, %s)",
          text.gradientOf(rows), g, BatchContext.indices(ids), text.tensor(slots));
    }
    text.add(input, g);
  }
}
