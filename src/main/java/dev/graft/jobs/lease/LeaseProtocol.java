package dev.graft.jobs.lease;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;

/**
 * The whole of what a worker can do. Bound over HTTP for a worker of its own, and in process for
 * {@code role=all}.
 *
 * <p>Every method with a {@link LeaseKey} throws {@link LeaseLost} when that lease is no longer
 * live, {@link LeaseRefused} when asking again cannot help, and {@link java.io.UncheckedIOException
 * UncheckedIOException} when the server could not be reached: then the caller does not know whether
 * the call took effect, and may repeat it.
 */
public interface LeaseProtocol {
  /** The longest that {@link #claim} may wait. */
  Duration LONGEST_WAIT = Duration.ofSeconds(20);

  /**
   * Takes the next job that the device can hold, waiting at most {@code wait} for one.
   *
   * @param request the same until a claim was answered with a job: where that answer was lost, the
   *     next claim gets the same lease
   */
  Optional<Lease> claim(Device device, Duration wait, UUID request);

  /** Keeps the lease, reports, and hears how to go on. */
  Directive renew(LeaseKey key, LeaseReport report);

  /** Commits a checkpoint: from now on a lost worker's successor resumes there. */
  void checkpoint(LeaseKey key, CheckpointReport report);

  /**
   * Publishes the result and ends the job. Repeating it after success, with the same manifest, is
   * success.
   */
  void complete(LeaseKey key, Digest manifest);

  /** Ends this attempt; the server decides whether there is another. */
  void fail(LeaseKey key, TrainingFailure failure);

  /** Gives the job back unharmed; no attempt is counted. */
  void release(LeaseKey key);

  /** The same, for want of room: it goes to others, and not soon to this worker. */
  void decline(LeaseKey key);

  /** A blob that the lease names: base model, data, checkpoints of this job. */
  InputStream open(LeaseKey key, Digest digest) throws IOException;

  /** Uploads a file of a checkpoint or result; the server verifies size and digest. */
  void put(LeaseKey key, BlobRef blob, Path file) throws IOException;
}
