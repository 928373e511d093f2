package dev.graft.client;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * For whoever asks again and again: a server that is away for a while, as it restarts, is awaited.
 */
final class Patience {
  /** Longer than a server needs to start. */
  private static final long AWAY = Duration.ofMinutes(2).toNanos();

  private long answered = System.nanoTime();

  /**
   * What was asked for; empty while the server is away.
   *
   * @throws UncheckedIOException if it has been away for too long, or an {@link ApiRefused} that
   *     another try does not change
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
