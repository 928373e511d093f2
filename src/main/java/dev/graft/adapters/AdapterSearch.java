package dev.graft.adapters;

import dev.graft.platform.Cursor;
import dev.graft.platform.MetadataFilter;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TimeRange;
import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which of a department's adapters are wanted; what is null asks for all.
 *
 * @param after id of the last adapter of the page before
 * @param shared those of others that the department may use, instead of its own
 * @param name part of the model's name, in any case
 * @param method as {@code Adapter#method}, in any case
 */
record AdapterSearch(
    @Nullable String after,
    boolean shared,
    @Nullable String baseModel,
    @Nullable String parentModel,
    @Nullable String name,
    @Nullable String method,
    MetadataFilter metadata,
    TimeRange created) {

  /** The query parameters as they came; {@code after} is the page's. */
  public static AdapterSearch parse(Cursor page, MultiValueMap<String, String> query) {
    return new AdapterSearch(
        page.after(),
        shared(query.getFirst("shared")),
        query.getFirst("base_model"),
        query.getFirst("parent_model"),
        query.getFirst("name"),
        query.getFirst("method"),
        MetadataFilter.parse(query),
        TimeRange.parse(query, "created_at"));
  }

  private static boolean shared(@Nullable String text) {
    return switch (text) {
      case null -> false;
      case "false" -> false;
      case "true" -> true;
      default -> throw RequestFailed.invalid("shared", "shared must be true or false.");
    };
  }

  @Nullable String metadataJson() {
    return metadata.pairs().isEmpty()
        ? null
        : JsonMapper.shared().writeValueAsString(metadata.pairs());
  }
}
