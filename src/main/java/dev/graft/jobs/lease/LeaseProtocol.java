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

  /**
   * What a worker tells when it renews. Sent again after a lost answer, it changes nothing twice.
   *
   * @param number rises with every new report of a lease; metrics and notes of a number already
   *     seen are dropped
   * @param begins the optimiser step after which the run of this lease begins, told once when its
   *     trainer is ready: what the job has told of later steps is void. Null otherwise
   * @param trainedTokens tokens with a loss, since the start of the job
   * @param device that the run is on, with what it is doing now; null where nothing new is known
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

    /** Nothing new: only renews. */
    public static LeaseReport empty(long number) {
      return new LeaseReport(number, null, null, 0, List.of(), List.of(), null);
    }

    /**
     * Where the run is: optimiser steps, epochs as a fraction.
     *
     * @param tokensPerSecond of the newest step; null before the first of this lease
     * @param validating whether it is at the validation file now; null from a worker that does not
     *     say
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
   * @param epoch passes over the data so far, as is {@code trainedTokens}: where the job is again
   *     if it goes on from here; null from a worker that does not say
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

  /** What the server answers to a renewal: how the worker goes on. */
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
    /** Go on. */
    record Continue() implements Directive {}

    /** Write a checkpoint now, then go on. */
    record Checkpoint() implements Directive {}

    /** Write a checkpoint, then give the job back. */
    record CheckpointAndRelease() implements Directive {}

    /** Stop; keep nothing; release. */
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
    /** Which of a job's counters a failure moves; each has its own bound. */
    public enum Cost {
      ATTEMPT,
      /** Trying with less memory. */
      MEMORY,
      /** As a worker that stopped renewing: no verdict on the job. */
      LOSS
    }

    /** Decides, with the server's {@code Retries}, what happens next. */
    public enum Kind {
      /** The request or its data cannot be trained; never retried. */
      BAD_INPUT(Cost.ATTEMPT, "Correct what the message names, and submit the job again"),
      /** Retried once with as little memory as the same steps take. */
      OUT_OF_MEMORY(Cost.MEMORY, "Lower per_device_train_batch_size or max_length"),
      /** Anything that may pass: retried with a growing delay. */
      TRANSIENT(
          Cost.ATTEMPT,
          "Submit the job again; if it fails as well, ask the operator for the worker's log"),
      /** The trainer was killed from outside; the server uses it for workers that stop renewing. */
      WORKER_LOST(
          Cost.LOSS, "Ask the operator why workers are lost during this job, and submit it again"),
      /** The trainer hung, and was killed; retried as what is transient. */
      NO_PROGRESS(
          Cost.ATTEMPT,
          "Raise resources.no_progress_seconds if a step may take that long; else ask the operator"
              + " for the worker's log"),
      /** The job has run for as long as it may; never retried. */
      TIME_LIMIT(
          Cost.ATTEMPT,
          "Raise resources.max_run_seconds, or continue from the job's last checkpoint in a new one");

      private final Cost cost;
      private final String hint;

      Kind(Cost cost, String hint) {
        this.cost = cost;
        this.hint = hint;
      }

      /** The kind of a row; one that a newer release wrote may pass. */
      public static Kind named(String wireName) {
        return Stream.of(values())
            .filter(kind -> kind.wireName().equals(wireName))
            .findFirst()
            .orElse(TRANSIENT);
      }

      /** As rows, the API and workers name it. */
      public String wireName() {
        return name().toLowerCase(Locale.ROOT);
      }

      public Cost cost() {
        return cost;
      }

      /** What helps where the failure itself says nothing better. */
      public String hint() {
        return hint;
      }
    }
  }

  /**
   * The lease is no longer the caller's: it expired and was taken away, or the job has ended. A
   * normal race, not a fault: stop working on the job and write nothing more about it.
   */
  public static final class LeaseLost extends RuntimeException {
    public LeaseLost(Lease.LeaseKey key) {
      super("lease of " + key.jobId() + " at epoch " + key.epoch() + " is no longer held");
    }
  }

  /** The server refuses what the worker asked; asking again would not help. The reason says why. */
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

  /** A worker uploads more than the holder of one lease may; its job has failed. */
  public static final class UploadsExceeded extends LeaseProtocol.LeaseRefused {
    public UploadsExceeded(String reason) {
      super(reason);
    }
  }
}
