package dev.graft.jobs.lease;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The number of what worker and server say to each other, in a header of every request and answer.
 * It goes up when one side could misread what the other means; a field that may be skipped does not
 * move it. Checked where work begins, at joining and claiming: a run that has begun goes on while
 * the server is upgraded.
 */
public final class ProtocolVersion {
  public static final String HEADER = "graft-protocol";

  /**
   * 2: a lease may name what its training starts from. 3: a call may be about a known answer. 4: a
   * call may be a classification.
   */
  public static final int CURRENT = 4;

  /** The oldest that the other side may speak. */
  static final int OLDEST = 4;

  /** Before there was a number. */
  private static final int UNNAMED = 1;

  /** Who must be upgraded, and the sentence that says so. */
  public record Mismatch(String code, String sentence) {}

  private ProtocolVersion() {}

  /** What keeps a server from working with a worker that sent this header. */
  public static Optional<Mismatch> ofWorker(@Nullable String header) {
    return mismatch("worker", "server", number(header));
  }

  /** What keeps a worker from working with a server that sent this header. */
  public static Optional<Mismatch> ofServer(@Nullable String header) {
    return mismatch("server", "worker", number(header));
  }

  private static Optional<Mismatch> mismatch(String other, String own, int theirs) {
    if (theirs >= OLDEST && theirs <= CURRENT) return Optional.empty();
    String older = theirs < OLDEST ? other : own;
    return Optional.of(
        new Mismatch(
            "upgrade_" + older,
            "The %s speaks worker protocol %d, the %s %d: upgrade the %s."
                .formatted(other, theirs, own, CURRENT, older)));
  }

  private static int number(@Nullable String header) {
    try {
      return header == null ? UNNAMED : Integer.parseInt(header.strip());
    } catch (NumberFormatException e) {
      return UNNAMED;
    }
  }
}
