package dev.graft.datasets;

import org.jspecify.annotations.Nullable;

/**
 * Which part of the list of files is asked for.
 *
 * @param limit 1 to 10000
 * @param after the last id of the page before; one that names nothing is allowed
 */
record FilePage(@Nullable String purpose, int limit, boolean ascending, @Nullable String after) {
  private static final int MAX = 10_000;

  static FilePage of(
      @Nullable String purpose,
      @Nullable String limit,
      @Nullable String order,
      @Nullable String after) {
    return new FilePage(purpose, limit(limit), ascending(order), after);
  }

  private static int limit(@Nullable String limit) {
    if (limit == null) {
      return MAX;
    }
    int number = limit.matches("[0-9]{1,5}") ? Integer.parseInt(limit) : 0;
    if (number < 1 || number > MAX) {
      throw new FileRefused("limit", "invalid_value", "a limit is a number from 1 to " + MAX);
    }
    return number;
  }

  private static boolean ascending(@Nullable String order) {
    if (order == null || order.equals("desc")) {
      return false;
    }
    if (order.equals("asc")) {
      return true;
    }
    throw new FileRefused("order", "invalid_value", "an order is 'asc' or 'desc'");
  }
}
