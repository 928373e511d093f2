package dev.graft.console;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows as the trainer will see them. */
record RowPreview(List<Row> data) {
  record Row(
      int line, @Nullable String part, @Nullable String label, boolean cut, List<Token> tokens) {}

  record Token(int id, String text, boolean trained) {}
}
