package dev.graft.model;

import dev.graft.kernels.Elementwise.Scale;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.Statement;
import java.util.ArrayList;
import java.util.List;

/** The value {@link Embed#ROWS} of an embedding: what its token table gives. */
final class EmbeddingRows {
  /** Makes a statement from the names of its output and its input. */
  @FunctionalInterface
  interface Change {
    Statement of(String output, String input);
  }

  private EmbeddingRows() {}

  /** Puts a statement between the table and its users; other parts of a model have no table. */
  static List<Statement> change(List<Statement> statements, String before, Change change) {
    List<Statement> rewritten = new ArrayList<>();
    for (Statement each : statements) {
      if (!each.output().equals(Embed.ROWS)) {
        rewritten.add(each);
        continue;
      }
      rewritten.add(named(each, before));
      rewritten.add(change.of(Embed.ROWS, before));
    }
    return rewritten;
  }

  private static Statement named(Statement statement, String output) {
    return switch (statement) {
      case Embed of -> new Embed(output, of.ids(), of.table());
      case Scale of -> of.named(output);
      default -> throw new IllegalStateException(statement + " gives no rows of tokens");
    };
  }
}
