package dev.graft.platform;

import java.util.List;
import java.util.function.Function;

/**
 * One page of a list in OpenAI's envelope. The ids of an empty page are empty strings: OpenAI's
 * Java SDK fails on null.
 *
 * @param object always {@code list}
 */
public record CursorPage<T>(
    String object, List<T> data, String firstId, String lastId, boolean hasMore) {

  /** Returns a page of these objects. */
  public static <T> CursorPage<T> of(List<T> data, boolean hasMore, Function<T, String> id) {
    String first = data.isEmpty() ? "" : id.apply(data.getFirst());
    String last = data.isEmpty() ? "" : id.apply(data.getLast());
    return new CursorPage<>("list", List.copyOf(data), first, last, hasMore);
  }

  /** Like {@link #ofOneMore(List, int, Function)}, with rows that are mapped first. */
  public static <R, T> CursorPage<T> ofOneMore(
      List<R> rows, Cursor page, Function<R, T> shown, Function<T, String> id) {
    return ofOneMore(rows.stream().map(shown).toList(), page.limit(), id);
  }

  /**
   * Returns the page of a query that read one row more than {@code limit}, to know whether more
   * follow.
   */
  public static <T> CursorPage<T> ofOneMore(List<T> rows, int limit, Function<T, String> id) {
    boolean more = rows.size() > limit;
    return of(more ? rows.subList(0, limit) : rows, more, id);
  }
}
