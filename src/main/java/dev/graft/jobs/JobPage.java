package dev.graft.jobs;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The lists of this API: which part is asked for, and how it is answered. */
final class JobPage {
  private static final int MOST = 100;

  private JobPage() {}

  /** A page; the cursor of the next is the id of its last object. */
  record Of(String object, List<ObjectNode> data, @JsonProperty("has_more") boolean hasMore) {}

  /**
   * @param oneMore up to one more than {@code limit}
   */
  static Of of(List<ObjectNode> oneMore, int limit) {
    List<ObjectNode> data = oneMore.stream().limit(limit).toList();
    return new Of("list", data, oneMore.size() > limit);
  }

  static int limit(@Nullable String limit, int otherwise) {
    if (limit == null) return otherwise;
    int number = limit.matches("[0-9]{1,4}") ? Integer.parseInt(limit) : 0;
    if (number >= 1 && number <= MOST) return number;
    throw new JobRefused("limit", "invalid_value", "a limit is a number from 1 to " + MOST);
  }

  /**
   * {@code metadata[key]=value} pairs, or {@code metadata=null} for jobs without any.
   *
   * @param json the pairs as an object; null = all jobs
   */
  record MetadataFilter(@Nullable String json, boolean without) {
    static MetadataFilter of(Map<String, List<String>> query) {
      ObjectNode pairs = JsonMapper.shared().createObjectNode();
      query.forEach(
          (name, values) -> {
            if (name.startsWith("metadata[") && name.endsWith("]")) {
              pairs.put(name.substring("metadata[".length(), name.length() - 1), values.getFirst());
            }
          });
      boolean without = List.of("null").equals(query.get("metadata"));
      return new MetadataFilter(pairs.isEmpty() ? null : pairs.toString(), without);
    }
  }
}
