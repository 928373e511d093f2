package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a worker's report adds to the events of its job.
 *
 * @param dataJson the numbers of a metrics event
 */
record ReportedEvent(String level, String type, String message, @Nullable String dataJson) {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** Notes first, in the order of the report. */
  static List<ReportedEvent> of(LeaseReport report) {
    return Stream.concat(
            report.notes().stream().map(ReportedEvent::of),
            report.metrics().stream().map(metrics -> of(metrics, report)))
        .toList();
  }

  private static ReportedEvent of(LeaseReport.Note note) {
    String level = note.level().name().toLowerCase(Locale.ROOT);
    return new ReportedEvent(level, "message", note.message(), null);
  }

  private static ReportedEvent of(LeaseReport.Metrics metrics, LeaseReport report) {
    ObjectNode data = JSON.createObjectNode().put("step", metrics.step());
    metrics.values().forEach(data::put);
    StringBuilder text = new StringBuilder("Step ").append(metrics.step());
    if (report.progress() != null) text.append('/').append(report.progress().totalSteps());
    append(text, ": training loss=", metrics.values().get("train_loss"));
    append(text, ": validation loss=", metrics.values().get("valid_loss"));
    return new ReportedEvent("info", "metrics", text.toString(), data.toString());
  }

  private static void append(StringBuilder text, String label, @Nullable Double value) {
    if (value != null) text.append(label).append(String.format(Locale.ROOT, "%.4f", value));
  }
}
