package dev.graft.demo;

/** The demo did not show what it promises; the message says what went wrong, in one line. */
public final class DemoFailed extends RuntimeException {
  DemoFailed(String message) {
    super(message);
  }
}
