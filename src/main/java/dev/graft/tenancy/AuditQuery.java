package dev.graft.tenancy;

import dev.graft.platform.TimeRange;
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
    TimeRange effective = TimeRange.parse(query, "effective_at");
    return new AuditQuery(
        effective.from(),
        effective.until(),
        many(query, "project_ids"),
        many(query, "event_types"),
        many(query, "actor_ids"),
        many(query, "actor_emails"),
        many(query, "resource_ids"));
  }

  private static List<String> many(Map<String, List<String>> query, String name) {
    return query.getOrDefault(name + "[]", List.of());
  }
}
