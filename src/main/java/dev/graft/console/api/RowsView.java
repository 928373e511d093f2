package dev.graft.console.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows as the trainer will see them. */
record RowsView(List<RowView> data) {
  record RowView(
      int line,
      @Nullable String part,
      @Nullable String label,
      boolean cut,
      List<TokenView> tokens) {}

  record TokenView(int id, String text, boolean trained) {}
}
