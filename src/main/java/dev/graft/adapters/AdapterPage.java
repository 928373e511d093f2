package dev.graft.adapters;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A page of a cursor list, in OpenAI's shape. */
record AdapterPage(
    String object,
    List<AdapterResource> data,
    @Nullable String firstId,
    @Nullable String lastId,
    boolean hasMore) {
  private static final int MAX = 100;

  /** What is asked for, within 1 to 100. */
  static int size(int limit) {
    return Math.clamp(limit, 1, MAX);
  }

  static AdapterPage of(List<AdapterResource> data, boolean hasMore) {
    return new AdapterPage(
        "list",
        data,
        data.isEmpty() ? null : data.getFirst().id(),
        data.isEmpty() ? null : data.getLast().id(),
        hasMore);
  }
}
