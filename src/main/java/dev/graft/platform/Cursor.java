package dev.graft.platform;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The requested page of a list: {@code after=<last id>&limit=n&order=desc}. An unknown {@code
 * after} is not an error but the end of the list, because some SDKs page until they get an empty
 * page.
 *
 * @param after id of the last object of the previous page, or null for the first page
 * @param limit the page size, at least 1
 */
public record Cursor(@Nullable String after, int limit, SortOrder order) {
  /** By creation: newest first or oldest first. */
  public enum SortOrder {
    DESC,
    ASC
  }

  /**
   * Parses the query parameters.
   *
   * @param max OpenAI's maximum page size for the list: 10,000 for files, 100 elsewhere
   */
  public static Cursor parse(
      @Nullable String after, @Nullable String limit, @Nullable String order, int normal, int max) {
    return new Cursor(after(after), limit(limit, normal, max), order(order));
  }

  /** Returns the id, or null for the first page; refuses U+0000, which PostgreSQL cannot store. */
  public static @Nullable String after(@Nullable String text) {
    if (text == null || text.isBlank()) return null;
    if (text.indexOf('\0') >= 0) {
      throw RequestFailed.invalid(
          "after", "after must be an id, but it contains the character U+0000.");
    }
    return text;
  }

  public Optional<String> start() {
    return Optional.ofNullable(after);
  }

  private static int limit(@Nullable String text, int normal, int max) {
    if (text == null) {
      return normal;
    }
    try {
      int limit = Integer.parseInt(text);
      if (limit >= 1 && limit <= max) {
        return limit;
      }
    } catch (NumberFormatException notANumber) {
      // reported below
    }
    throw RequestFailed.invalid("limit", "limit must be a number from 1 to " + max + ".");
  }

  private static SortOrder order(@Nullable String text) {
    return switch (text) {
      case null -> SortOrder.DESC;
      case "desc" -> SortOrder.DESC;
      case "asc" -> SortOrder.ASC;
      default -> throw RequestFailed.invalid("order", "order must be asc or desc.");
    };
  }
}
