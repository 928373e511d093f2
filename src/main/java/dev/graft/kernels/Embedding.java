package dev.graft.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Statements in front of the first layer: the lookup of token rows in a table, rows of it that
 * train, noise on the rows, and virtual tokens in front of them.
 */
public final class Embedding {
  private Embedding() {}

  /**
   * {@code output = table[ids]}, rows of a table.
   *
   * @param ids null = the program's input {@code x}
   * @param table name of the tensor, with {@code .weight}
   */
  public record Embed(String output, @Nullable BatchContext ids, String table)
      implements Statement {
    /**
     * Name of the value that the token table gives in every embedding, scaled where the table's
     * module scales it.
     */
    public static final String ROWS = "rows";

    @Override
    public List<String> inputs() {
      return List.of();
    }

    @Override
    public List<String> tensors() {
      return List.of(table);
    }

    @Override
    public void forward(LayerText text) {
      text.line(
          "%s = __torch__.ops.embedding.forward(%s, %s)",
          output, BatchContext.indices(ids), text.tensor(table));
    }

    @Override
    public void reference(LayerText text) {
      text.line(
          "%s = __torch__.ops.embedding.reference(%s, %s)",
          output, BatchContext.indices(ids), text.tensor(table));
    }

    @Override
    public void backward(LayerText text) {
      String g = text.take(output);
      if (ids == null) text.saved(LayerProgram.INPUT);
      text.effect(
          "__torch__.ops.embedding.backward_weight(%s, %s, %s)",
          text.gradientOf(table), g, BatchContext.indices(ids));
    }
  }

  /**
   * {@code output = input}, the rows of a table of which some train: the table already holds their
   * values, and their gradients go to a separate matrix.
   *
   * @param ids null = the program's input {@code x}
   * @param rows name of that matrix, (trained, features)
   * @param slots name of a tensor (vocabulary): the row of each token in it, or the number of rows
   *     for tokens that do not train
   */
  public record TrainedRows(
      String output, String input, @Nullable BatchContext ids, String rows, String slots)
      implements Statement.Unary {
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

  /**
   * In training, adds to a value noise that is uniform within {@code alpha / sqrt(L d)}, where L is
   * the width of the batch in tokens and d the number of features (NEFTune, Jain et al. 2023). The
   * value keeps its name, and its gradient.
   *
   * @param virtual tokens in front of every row, which get no noise
   */
  public record Noise(String output, double alpha, int virtual) implements Statement {
    @Override
    public boolean drops() {
      return alpha > 0;
    }

    @Override
    public List<String> inputs() {
      return List.of(output);
    }

    @Override
    public void forward(LayerText text) {
      if (!text.drops(alpha)) return;
      text.line(
          "%s = __torch__.ops.noise.add(%s, %s, %s, %s, %d, %s)",
          output,
          output,
          alpha,
          BatchContext.WIDTH.reference(),
          BatchContext.JOINED.reference(),
          virtual,
          BatchContext.AMONG.reference());
    }

    @Override
    public void backward(LayerText text) {
      text.add(output, text.take(output));
    }
  }

  /**
   * {@code output = } virtual tokens in front of every row of {@code input}.
   *
   * @param virtual tensor (virtual tokens, features)
   */
  public record Prepend(String output, String input, String virtual) implements Statement.Unary {
    private static final String JOINED = BatchContext.JOINED.reference();

    private String sources() {
      return output + "_sources";
    }

    private String count() {
      return output + "_virtual";
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
        text.effect(
            "__torch__.ops.prepend.backward_virtual(%s, %s)", text.gradientOf(virtual), both);
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
}
