package dev.graft.worker;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Device.DeviceUse;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.training.TrainingEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Turns a trainer's events into reports to the server. */
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

  /** Returns a checkpoint report with the current numbers; its manifest may follow later. */
  Function<Digest, CheckpointReport> checkpoint(int step) {
    Map<String, Double> values = Map.copyOf(newest);
    Double epoch = latest == null ? null : latest.epoch();
    Long trainedTokens = latest == null ? null : latest.trainedTokens();
    return manifest -> new CheckpointReport(step, manifest, values, epoch, trainedTokens);
  }

  void lacksDisk() {
    reports.note(
        LeaseReport.Level.WARN,
        "The worker's disk has no room for the base model and the data of this job; the job waits"
            + " for room, or for another worker");
  }

  /**
   * @param resumable whether there were checkpoints from which it could continue
   */
  void started(TrainingEvent.Started started, boolean resumable) {
    StringBuilder text = new StringBuilder("Training on %d examples".formatted(started.rows()));
    if (started.truncatedRows() > 0)
      text.append(", %d truncated".formatted(started.truncatedRows()));
    if (started.droppedRows() > 0) {
      text.append(
          ", %d dropped because they have no token to train".formatted(started.droppedRows()));
    }
    Integer held = started.validationRows();
    if (held != null) text.append(", validated on %d".formatted(held));
    if (started.step() > 0) text.append("; continues after step ").append(started.step());
    else if (resumable) text.append("; starts again: no checkpoint could be used");
    reports.note(LeaseReport.Level.INFO, text.toString());
    where = progress(started.step(), started.totalSteps(), null, null);
    reports.begins(where);
  }

  void planned(TrainingEvent.Planned plan) {
    reports.note(LeaseReport.Level.INFO, plan.sentence());
  }

  void progress(TrainingEvent.Progress progress) {
    latest = progress;
    where =
        progress(
            progress.step(), progress.totalSteps(), progress.epoch(), progress.tokensPerSecond());
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
    report(progress.step(), values);
  }

  /** Reports the peak memory of the run, at its end. */
  void peak() {
    Long bytes = use.peak();
    if (bytes == null) return;
    reports.note(
        LeaseReport.Level.INFO,
        "Peak memory on %s: %,d MB".formatted(use.deviceName(), bytes / 1_000_000));
  }

  void skipped(TrainingEvent.StepSkipped skipped) {
    Double speed = where == null ? null : where.tokensPerSecond();
    where = progress(skipped.step(), skipped.totalSteps(), skipped.epoch(), speed);
    reports.progress(where);
    reports.note(
        LeaseReport.Level.WARN,
        "Step %d was skipped: %s".formatted(skipped.step(), skipped.reason()));
  }

  private static LeaseReport.Progress progress(
      long step, long totalSteps, @Nullable Double epoch, @Nullable Double tokensPerSecond) {
    return new LeaseReport.Progress(
        Math.toIntExact(step), Math.toIntExact(totalSteps), epoch, tokensPerSecond, false);
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
    report(evaluation.step(), values);
  }

  private void validating(boolean now) {
    if (where == null) return;
    where =
        new LeaseReport.Progress(
            where.step(), where.totalSteps(), where.epoch(), where.tokensPerSecond(), now);
    reports.progress(where);
  }

  private void report(long step, Map<String, Double> values) {
    newest.putAll(values);
    reports.metrics(Math.toIntExact(step), values);
  }

  /** Leaves out NaN and infinity, which JSON does not have. */
  private static void putFinite(Map<String, Double> values, String name, double value) {
    if (Double.isFinite(value)) values.put(name, value);
  }

  /**
   * Collects reports between renewals. A report whose answer was lost is sent again with its
   * number, so that nothing is reported twice and nothing is lost.
   */
  static final class PendingReports {
    /** Limits the size of a report of a run with many short steps. */
    private static final int MOST_METRICS = 400;

    private final Supplier<@Nullable Device> device;
    private final List<LeaseReport.Note> notes = new ArrayList<>();
    private List<LeaseReport.Metrics> metrics = new ArrayList<>();
    private @Nullable Integer begins;
    private LeaseReport.@Nullable Progress progress;
    private long trainedTokens;
    private boolean news;
    private long number;
    private @Nullable LeaseReport sent;

    /**
     * @param device supplies the device for each report; must not wait
     */
    PendingReports(Supplier<@Nullable Device> device) {
      this.device = device;
    }

    synchronized void begins(LeaseReport.Progress where) {
      begins = where.step();
      progress = where;
      news = true;
    }

    synchronized void progress(LeaseReport.Progress now) {
      progress = now;
      news = true;
    }

    synchronized void progress(LeaseReport.Progress now, long tokens) {
      trainedTokens = tokens;
      progress(now);
    }

    synchronized void metrics(int step, Map<String, Double> values) {
      if (metrics.size() >= MOST_METRICS) thin();
      metrics.add(new LeaseReport.Metrics(step, values));
      news = true;
    }

    synchronized void note(LeaseReport.Level level, String message) {
      notes.add(new LeaseReport.Note(level, message));
      news = true;
    }

    synchronized boolean waiting() {
      return news || sent != null;
    }

    /** Returns the report to send now: the unconfirmed one, or the news since. */
    synchronized LeaseReport next() {
      if (sent == null) {
        sent =
            new LeaseReport(
                ++number, begins, progress, trainedTokens, metrics, notes, device.get());
        begins = null;
        metrics.clear();
        notes.clear();
        news = false;
      }
      return sent;
    }

    synchronized void confirmed() {
      sent = null;
    }

    /** Drops every second training step, and keeps all validations. */
    private void thin() {
      List<LeaseReport.Metrics> kept = new ArrayList<>();
      for (int i = 0; i < metrics.size(); i++) {
        if (i % 2 == 1 || metrics.get(i).values().containsKey("valid_loss"))
          kept.add(metrics.get(i));
      }
      metrics = kept.size() < metrics.size() ? kept : new ArrayList<>();
    }
  }

  /** Measures the device of one run, for its heartbeats, and its peak memory. */
  static final class RunUse {
    private static final Duration REPORTED_EVERY = Duration.ofSeconds(10);
    private static final Duration MEASURED_EVERY = Duration.ofSeconds(1);

    private final Device device;
    private final TrainerDevices.DeviceMeter meter;
    private final LongSupplier nanoTime;
    private @Nullable ProcessHandle trainer;
    private @Nullable DeviceUse newest;
    private @Nullable Long measured;
    private @Nullable Long reported;
    private @Nullable Long peak;

    /**
     * @param nanoTime a clock as {@link System#nanoTime} is
     */
    RunUse(Device device, TrainerDevices.DeviceMeter meter, LongSupplier nanoTime) {
      this.device = device;
      this.meter = meter;
      this.nanoTime = nanoTime;
    }

    /**
     * @param trainer process of the trainer; null = it is not on this machine
     */
    synchronized void started(@Nullable ProcessHandle trainer) {
      this.trainer = trainer;
      measured = null;
    }

    /**
     * Returns the device with its current use; null if it was reported just now, or is not known.
     */
    synchronized @Nullable Device news() {
      long now = nanoTime.getAsLong();
      if (reported != null && now - reported < REPORTED_EVERY.toNanos()) return null;
      measure(now);
      if (newest == null) return null;
      reported = now;
      return device.of(newest);
    }

    /** Returns the peak memory in bytes since the trainer began; null = not known. */
    synchronized @Nullable Long peak() {
      measure(nanoTime.getAsLong());
      return peak;
    }

    String deviceName() {
      return device.name();
    }

    private void measure(long now) {
      if (measured != null && now - measured < MEASURED_EVERY.toNanos()) return;
      measured = now;
      newest = meter.now(trainer);
      Long used = newest == null || trainer == null ? null : newest.memoryUsed();
      if (used != null) peak = peak == null ? used : Math.max(peak, used);
    }
  }
}
