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
}
