package dev.graft.platform;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The {@code metadata} part of a list query, as the OpenAI SDKs send it: {@code
 * metadata[key]=value} for each pair that must match, or {@code metadata=null} for objects without
 * metadata.
 *
 * @param pairs all must match; empty = no condition
 * @param absent only objects without metadata
 */
public record MetadataFilter(Map<String, String> pairs, boolean absent) {
  private static final String NAME = "metadata";

  public MetadataFilter {
    pairs = Map.copyOf(pairs);
  }

  /**
   * @param query all query parameters
   */
  public static MetadataFilter parse(Map<String, List<String>> query) {
    Map<String, String> pairs = new LinkedHashMap<>();
    boolean absent = false;
    for (var parameter : query.entrySet()) {
      String name = parameter.getKey();
      if (name.equals(NAME)) {
        absent = requireNull(parameter.getValue());
      } else if (name.startsWith(NAME + "[")) {
        pairs.put(key(name), parameter.getValue().getFirst());
      }
    }
    if (absent && !pairs.isEmpty()) {
      throw RequestFailed.invalid(NAME, "metadata=null cannot be combined with metadata[...].");
    }
    return new MetadataFilter(pairs, absent);
  }

  private static boolean requireNull(List<String> values) {
    if (!values.equals(List.of("null"))) {
      throw RequestFailed.invalid(NAME, "Use metadata[key]=value or metadata=null.");
    }
    return true;
  }

  private static String key(String name) {
    int open = NAME.length() + 1;
    if (!name.endsWith("]") || name.length() <= open + 1) {
      throw RequestFailed.invalid(NAME, "Use metadata[key]=value or metadata=null.");
    }
    return name.substring(open, name.length() - 1);
  }
}
