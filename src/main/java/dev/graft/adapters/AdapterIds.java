package dev.graft.adapters;

import java.util.UUID;

final class AdapterIds {
  private AdapterIds() {}

  static String next() {
    return "ad_" + UUID.randomUUID().toString().replace("-", "");
  }
}
