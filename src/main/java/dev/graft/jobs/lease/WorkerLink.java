package dev.graft.jobs.lease;

import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;

/**
 * Calls of a worker to its server, under {@link LeaseWire#PATH} and with the worker's credential.
 *
 * <p>Both methods throw {@link LeaseProtocol.LeaseRefused} when asking again cannot help and {@link
 * java.io.UncheckedIOException UncheckedIOException} when the server could not be reached or cannot
 * answer now.
 */
public interface WorkerLink {
  /**
   * @param path after {@link LeaseWire#PATH}, with its slash
   * @param body as {@link LeaseWire#write} takes it
   * @return the body of the answer; empty if it has none
   */
  Optional<byte[]> post(String path, Object body, Duration deadline);

  /** Opens a body of any length, to be read while it arrives; a stalled one ends in an error. */
  InputStream open(String path);
}
