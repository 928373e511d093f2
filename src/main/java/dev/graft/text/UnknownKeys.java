package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import java.util.Map;
import java.util.Set;

/** What becomes of keys that a row's kind does not have. */
enum UnknownKeys {
  REFUSED,

  /** They are taken out of the row. */
  DROPPED;

  void only(Map<?, ?> map, Set<String> keys) {
    only(map, keys, "");
  }

  /**
   * @param where the object is, with a space behind it; empty for the row itself
   */
  void only(Map<?, ?> map, Set<String> keys, String where) {
    if (this == DROPPED) {
      map.keySet().removeIf(key -> !keys.contains(String.valueOf(key)));
      return;
    }
    for (Object key : map.keySet()) {
      if (!keys.contains(String.valueOf(key))) {
        throw new BadRow(
            where
                + "has an unknown key: "
                + shown(key)
                + " (ignore_unknown_keys leaves such keys out)");
      }
    }
  }

  private static String shown(Object key) {
    String name = String.valueOf(key).replaceAll("[^\\w.-]", "?");
    return name.length() > 40 ? name.substring(0, 40) + "..." : name;
  }
}
