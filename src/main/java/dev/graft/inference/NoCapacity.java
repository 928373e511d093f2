package dev.graft.inference;

/** No process can take this chat now; a later try may succeed. */
final class NoCapacity extends RuntimeException {
  private final String why;

  NoCapacity(String why) {
    super(why);
    this.why = why;
  }

  String why() {
    return why;
  }
}
