package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.LeaseReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a run wants to tell, collected between renewals. A report whose answer was lost is sent
 * again under its number, so that nothing is told twice and nothing is left out.
 */
final class PendingReports {
  /** A run of many short steps must not make a report of any size. */
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
   * @param device what each report says of the device; must not wait
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

  /** The report to send now: the unconfirmed one, or what has come together since. */
  synchronized LeaseReport next() {
    if (sent == null) {
      sent =
          new LeaseReport(++number, begins, progress, trainedTokens, metrics, notes, device.get());
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

  /** Keeps every validation and every second training step. */
  private void thin() {
    List<LeaseReport.Metrics> kept = new ArrayList<>();
    for (int i = 0; i < metrics.size(); i++) {
      if (i % 2 == 1 || metrics.get(i).values().containsKey("valid_loss")) kept.add(metrics.get(i));
    }
    metrics = kept.size() < metrics.size() ? kept : new ArrayList<>();
  }
}
