package dev.graft.inference;

/** No process can take this chat now; a later try may succeed. */
final class NoCapacity extends RuntimeException {
  NoCapacity(String why) {
    super(why);
  }
}
