package dev.graft.worker;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.CheckpointReport;
import dev.graft.jobs.lease.LeaseReport;
import dev.graft.training.TrainingEvent;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A trainer's events as reports to the server. */
final class RunReporter {
  private final PendingReports reports;
  private final RunUse use;
  private final Map<String, Double> newest = new HashMap<>();
  private LeaseReport.@Nullable Progress where;
  private TrainingEvent.@Nullable Progress latest;

  RunReporter(PendingReports reports, RunUse use) {
    this.reports = reports;
    this.use = use;
  }

  /** A checkpoint with the numbers that the run has now; its manifest may come later. */
  Function<Digest, CheckpointReport> checkpoint(int step) {
    Map<String, Double> values = Map.copyOf(newest);
    Double epoch = latest == null ? null : latest.epoch();
    Long trainedTokens = latest == null ? null : latest.trainedTokens();
    return manifest -> new CheckpointReport(step, manifest, values, epoch, trainedTokens);
  }

  void lacksDisk() {
    reports.note(
        LeaseReport.Level.WARN,
        "The worker has no room on its disk for the base model and the data of this job;"
            + " the job waits for room, or for another worker");
  }

  /**
   * @param resumable whether there were checkpoints to go on from
   */
  void started(TrainingEvent.Started started, boolean resumable) {
    StringBuilder text = new StringBuilder("Training on %d examples".formatted(started.rows()));
    if (started.truncatedRows() > 0) text.append(", %d cut".formatted(started.truncatedRows()));
    if (started.droppedRows() > 0) {
      text.append(", %d left out for want of a trained token".formatted(started.droppedRows()));
    }
    Integer held = started.validationRows();
    if (held != null) text.append(", validated on %d".formatted(held));
    if (started.step() > 0) text.append("; continues after step ").append(started.step());
    else if (resumable) text.append("; starts again: no checkpoint could be used");
    reports.note(LeaseReport.Level.INFO, text.toString());
    where =
        new LeaseReport.Progress(
            Math.toIntExact(started.step()),
            Math.toIntExact(started.totalSteps()),
            null,
            null,
            false);
    reports.begins(where);
  }

  void planned(TrainingEvent.Planned plan) {
    reports.note(LeaseReport.Level.INFO, plan.sentence());
  }

  void progress(TrainingEvent.Progress progress) {
    latest = progress;
    where =
        new LeaseReport.Progress(
            Math.toIntExact(progress.step()),
            Math.toIntExact(progress.totalSteps()),
            progress.epoch(),
            progress.tokensPerSecond(),
            false);
    reports.progress(where, progress.trainedTokens());
    Map<String, Double> values = new HashMap<>();
    putFinite(values, "train_loss", progress.loss());
    putFinite(values, "train_mean_token_accuracy", progress.trainTokenAccuracy());
    putFinite(values, "learning_rate", progress.learningRate());
    putFinite(values, "grad_norm", progress.gradNorm());
    putFinite(values, "tokens_per_second", progress.tokensPerSecond());
    Long peak = use.peak();
    if (peak != null) values.put("peak_memory_bytes", (double) peak);
    values.put("step_tokens", (double) progress.tokens().logical());
    values.put("step_computed_tokens", (double) progress.tokens().computed());
    values.put("step_trained_tokens", (double) progress.tokens().trained());
    progress.metrics().forEach((name, value) -> putFinite(values, name, value));
    tell(progress.step(), values);
  }

  /** What the run took, at its end. */
  void peak() {
    Long bytes = use.peak();
    if (bytes == null) return;
    reports.note(
        LeaseReport.Level.INFO,
        "Peak memory on %s: %,d MB".formatted(use.deviceName(), bytes / 1_000_000));
  }

  void skipped(TrainingEvent.StepSkipped skipped) {
    where =
        new LeaseReport.Progress(
            Math.toIntExact(skipped.step()),
            Math.toIntExact(skipped.totalSteps()),
            skipped.epoch(),
            where == null ? null : where.tokensPerSecond(),
            false);
    reports.progress(where);
    reports.note(
        LeaseReport.Level.WARN,
        "Step %d was skipped: %s".formatted(skipped.step(), skipped.reason()));
  }

  void evaluating() {
    validating(true);
  }

  void evaluation(TrainingEvent.Evaluated evaluation) {
    validating(false);
    Map<String, Double> values = new HashMap<>();
    putFinite(values, "valid_loss", evaluation.validLoss());
    putFinite(values, "valid_mean_token_accuracy", evaluation.validMeanTokenAccuracy());
    evaluation.metrics().forEach((name, value) -> putFinite(values, "valid_" + name, value));
    tell(evaluation.step(), values);
  }

  private void validating(boolean now) {
    if (where == null) return;
    where =
        new LeaseReport.Progress(
            where.step(), where.totalSteps(), where.epoch(), where.tokensPerSecond(), now);
    reports.progress(where);
  }

  private void tell(long step, Map<String, Double> values) {
    newest.putAll(values);
    reports.metrics(Math.toIntExact(step), values);
  }

  /** JSON has no NaN; a missing number says the same. */
  private static void putFinite(Map<String, Double> values, String name, double value) {
    if (Double.isFinite(value)) values.put(name, value);
  }
}
