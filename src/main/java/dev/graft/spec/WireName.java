package dev.graft.spec;

import java.util.Locale;

/** An enum whose constants requests and results write in lower case. */
interface WireName {
  String name();

  default String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
