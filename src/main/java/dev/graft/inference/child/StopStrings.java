package dev.graft.inference.child;

import java.util.List;

/** Where an answer ends because of a caller's stop string. */
record StopStrings(List<String> strings) {
  /** Position of the earliest stop string in the text, or -1. */
  int cut(String text) {
    int first = -1;
    for (String stop : strings) {
      int at = text.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) first = at;
    }
    return first;
  }

  /** Length of the longest end of the text that may become a stop string. */
  int possible(String text) {
    int longest = 0;
    for (String stop : strings) {
      int length = Math.min(stop.length() - 1, text.length());
      while (length > longest && !stop.startsWith(text.substring(text.length() - length))) length--;
      longest = Math.max(longest, length);
    }
    return longest;
  }
}
