package dev.graft.jobs.lease;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a worker tells when it renews. Sent again after a lost answer, it changes nothing twice.
 *
 * @param number rises with every new report of a lease; metrics and notes of a number already seen
 *     are dropped
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
