package dev.graft.client;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Lets a polling caller tolerate a server that is unavailable for a while, for example during a
 * restart.
 */
final class Patience {
  /** Longer than a server takes to start. */
  private static final long AWAY = Duration.ofMinutes(2).toNanos();

  private long answered = System.nanoTime();

  /**
   * Returns the answer; empty while the server is unavailable. @@throws UncheckedIOException if the
   * server has been unavailable for too long, or {@link ApiRefused} if the request itself is
   * refused
   */
  public <T> Optional<T> ask(Supplier<T> question) {
    try {
      T answer = question.get();
      answered = System.nanoTime();
      return Optional.of(answer);
    } catch (UncheckedIOException | ApiRefused e) {
      boolean lasting = e instanceof ApiRefused refused && refused.status() < 500;
      if (lasting || System.nanoTime() - answered > AWAY) throw e;
      return Optional.empty();
    }
  }
}
