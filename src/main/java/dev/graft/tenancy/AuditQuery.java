package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which entries a client asks for; a list that is empty asks for all.
 *
 * @param from earliest time, in unix seconds, inclusive
 * @param until latest time, inclusive
 */
record AuditQuery(
    @Nullable Long from,
    @Nullable Long until,
    List<String> departments,
    List<String> types,
    List<String> actors,
    List<String> emails,
    List<String> resources) {

  /**
   * The query parameters as OpenAI's clients send them: {@code effective_at[gt]=..}, {@code
   * project_ids[]=..}.
   */
  static AuditQuery parse(Map<String, List<String>> query) {
    return new AuditQuery(
        bound(query, "gte", "gt", 1),
        bound(query, "lte", "lt", -1),
        many(query, "project_ids"),
        many(query, "event_types"),
        many(query, "actor_ids"),
        many(query, "actor_emails"),
        many(query, "resource_ids"));
  }

  private static @Nullable Long bound(
      Map<String, List<String>> query, String inclusive, String exclusive, int step) {
    Long included = seconds(query, inclusive);
    if (included != null) return included;
    Long excluded = seconds(query, exclusive);
    return excluded == null ? null : excluded + step;
  }

  private static @Nullable Long seconds(Map<String, List<String>> query, String bound) {
    String name = "effective_at[" + bound + "]";
    List<String> values = query.get(name);
    if (values == null) return null;
    try {
      return Long.parseLong(values.getFirst());
    } catch (NumberFormatException notANumber) {
      throw RequestFailed.invalid(name, name + " must be unix seconds.");
    }
  }

  private static List<String> many(Map<String, List<String>> query, String name) {
    return query.getOrDefault(name + "[]", List.of());
  }
}
