package dev.graft.jobs.lease;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease.LeaseKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * All calls of a worker to its server: over HTTP for a separate worker, in process for {@code
 * role=all}.
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

  /** Renews the lease and reports; the answer is how to continue. */
  Directive renew(LeaseKey key, LeaseReport report);

  /** Commits a checkpoint, from which the next run continues if this worker is lost. */
  void checkpoint(LeaseKey key, CheckpointReport report);

  /**
   * Publishes the result and ends the job. Repeating it after success, with the same manifest, is
   * success.
   */
  void complete(LeaseKey key, Digest manifest);

  /** Ends this attempt; the server decides whether there is another. */
  void fail(LeaseKey key, TrainingFailure failure);

  /** Gives the job back to the queue; no attempt is counted. */
  void release(LeaseKey key);

  /** Gives the job back for lack of disk space: other workers get it, this one not for a while. */
  void decline(LeaseKey key);

  /** Opens a blob that the lease names: base model, data, a checkpoint of this job. */
  InputStream open(LeaseKey key, Digest digest) throws IOException;

  /** Uploads a file of a checkpoint or result; the server verifies size and digest. */
  void put(LeaseKey key, BlobRef blob, Path file) throws IOException;

  /**
   * What a worker reports when it renews. A report that is sent again after a lost answer has no
   * effect the second time.
   *
   * @param number rises with every new report of a lease; the server drops metrics and notes of a
   *     number that it has seen
   * @param begins the optimiser step after which the run of this lease begins, reported once when
   *     its trainer is ready: it voids what the job reported of later steps. Null in all other
   *     reports
   * @param trainedTokens tokens with a loss, since the start of the job
   * @param device the device of the run with its current use; null if nothing new is known
   */
  public record LeaseReport(
      long number,
      @Nullable Integer begins,
      @Nullable Progress progress,
      long trainedTokens,
      List<Metrics> metrics,
      List<Note> notes,
      @Nullable Device device) {
    public LeaseReport {
      metrics = List.copyOf(metrics);
      notes = List.copyOf(notes);
    }

    /** Returns a report that only renews the lease. */
    public static LeaseReport empty(long number) {
      return new LeaseReport(number, null, null, 0, List.of(), List.of(), null);
    }

    /**
     * Where the run is: optimiser steps, epochs as a fraction.
     *
     * @param tokensPerSecond of the newest step; null before the first of this lease
     * @param validating whether it evaluates the validation file now; null from a worker of an
     *     earlier release
     */
    public record Progress(
        int step,
        int totalSteps,
        @Nullable Double epoch,
        @Nullable Double tokensPerSecond,
        @Nullable Boolean validating) {}

    /** Numbers of one optimiser step, by name, such as {@code train_loss}. */
    public record Metrics(int step, Map<String, Double> values) {
      public Metrics {
        values = Map.copyOf(values);
      }
    }

    /** A sentence for the job's events. */
    public record Note(Level level, String message) {}

    /** How much a note matters. */
    public enum Level {
      INFO,
      WARN,
      ERROR
    }
  }

  /**
   * A checkpoint whose files are uploaded.
   *
   * @param step the optimiser step after which it was taken
   * @param manifest digest of its manifest blob
   * @param metrics the newest numbers at that step, by name
   * @param epoch passes over the data so far, to which the job returns when it continues from here,
   *     like {@code trainedTokens}; null from a worker of an earlier release
   */
  public record CheckpointReport(
      int step,
      Digest manifest,
      Map<String, Double> metrics,
      @Nullable Double epoch,
      @Nullable Long trainedTokens) {
    public CheckpointReport {
      metrics = Map.copyOf(metrics);
    }
  }

  /** The server's answer to a renewal: how the worker continues. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "directive")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Directive.Continue.class, name = "continue"),
    @JsonSubTypes.Type(value = Directive.Checkpoint.class, name = "checkpoint"),
    @JsonSubTypes.Type(
        value = Directive.CheckpointAndRelease.class,
        name = "checkpoint_and_release"),
    @JsonSubTypes.Type(value = Directive.Cancel.class, name = "cancel")
  })
  public sealed interface Directive {
    /** Continue. */
    record Continue() implements Directive {}

    /** Write a checkpoint now, then continue. */
    record Checkpoint() implements Directive {}

    /** Write a checkpoint, then give the job back. */
    record CheckpointAndRelease() implements Directive {}

    /** Stop without a checkpoint, then give the job back. */
    record Cancel() implements Directive {}
  }

  /**
   * Why a run ended without a result.
   *
   * @param message one sentence for the department: no paths, no stack traces
   * @param hint what to change, if that is known
   * @param param the request field at fault, such as {@code training_file}, if there is one
   */
  public record TrainingFailure(
      Kind kind, String message, @Nullable String hint, @Nullable String param) {
    /** Which of a job's counters a failure raises; each has its own limit. */
    public enum Cost {
      ATTEMPT,
      /** A run that ran out of memory. */
      MEMORY,
      /** A lost worker, which counts only if it repeats without a new checkpoint. */
      LOSS
    }

    /** The class of a failure; the server's {@code Retries} decides what happens next. */
    public enum Kind {
      /** The request or its data cannot be trained; never retried. */
      BAD_INPUT(Cost.ATTEMPT, "Correct the input that the message names, and submit the job again"),
      /** Retried once with as little memory as the same steps take. */
      OUT_OF_MEMORY(Cost.MEMORY, "Lower per_device_train_batch_size or max_length"),
      /** A problem that may pass: retried with a growing delay. */
      TRANSIENT(
          Cost.ATTEMPT,
          "Submit the job again; if it fails as well, ask the operator for the worker's log"),
      /** The trainer was killed from outside; the server uses it for workers that stop renewing. */
      WORKER_LOST(
          Cost.LOSS, "Ask the operator why workers are lost during this job, and submit it again"),
      /** The trainer made no progress and was killed; retried like a transient failure. */
      NO_PROGRESS(
          Cost.ATTEMPT,
          "Raise resources.no_progress_seconds if a step may take that long; else ask the operator"
              + " for the worker's log"),
      /** The job reached its time limit; never retried. */
      TIME_LIMIT(
          Cost.ATTEMPT,
          "Raise resources.max_run_seconds, or continue from the job's last checkpoint in a new one");

      private final Cost cost;
      private final String hint;

      Kind(Cost cost, String hint) {
        this.cost = cost;
        this.hint = hint;
      }

      /** Returns the kind of this name; a name that a newer release wrote is taken as transient. */
      public static Kind named(String wireName) {
        return Stream.of(values())
            .filter(kind -> kind.wireName().equals(wireName))
            .findFirst()
            .orElse(TRANSIENT);
      }

      /** Returns the name in rows, in the API and on the wire. */
      public String wireName() {
        return name().toLowerCase(Locale.ROOT);
      }

      public Cost cost() {
        return cost;
      }

      /** Returns the advice for failures that come without their own. */
      public String hint() {
        return hint;
      }
    }
  }

  /**
   * The caller no longer holds the lease: it expired and was taken away, or the job has ended. This
   * is a normal race and no fault: the worker stops working on the job.
   */
  public static final class LeaseLost extends RuntimeException {
    public LeaseLost(Lease.LeaseKey key) {
      super("lease of " + key.jobId() + " at epoch " + key.epoch() + " is no longer held");
    }
  }

  /** The server refuses a request of the worker, and would refuse it again. */
  public static sealed class LeaseRefused extends RuntimeException permits UploadsExceeded {
    private final String reason;

    public LeaseRefused(String reason) {
      super(reason);
      this.reason = reason;
    }

    public String reason() {
      return reason;
    }
  }

  /** A worker uploads more than one lease allows; its job has failed. */
  public static final class UploadsExceeded extends LeaseProtocol.LeaseRefused {
    public UploadsExceeded(String reason) {
      super(reason);
    }
  }
}
