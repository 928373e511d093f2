package dev.graft.inference;

import java.util.UUID;

final class ChatIds {
  private ChatIds() {}

  static String next() {
    return "chatcmpl-" + UUID.randomUUID().toString().replace("-", "");
  }
}
