package dev.graft.training;

import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** A run's events as lines for a person: at most one a second while it goes. */
final class TrainReport {
  private static final JsonMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();
  private static final long EVERY = 1_000_000_000L;

  private static final String ROWS =
      "%,d rows (%,d cut, %,d left out), %,d tokens an epoch, %,d trained; %,d steps";

  private final PrintStream out;
  private long last = System.nanoTime() - EVERY;

  /** Step of the newest checkpoint; 0 = there is none. */
  private long kept;

  TrainReport(PrintStream out) {
    this.out = out;
  }

  void tell(TrainingEvent event) {
    switch (event) {
      case TrainingEvent.Started e -> {
        kept = e.step();
        out.printf(
            ROWS + ", %,d parameters%n",
            e.rows(),
            e.truncatedRows(),
            e.droppedRows(),
            e.tokensPerEpoch(),
            e.trainedTokensPerEpoch(),
            e.totalSteps(),
            e.trainableParameters());
      }
      case TrainingEvent.Planned e -> out.println(e.sentence());
      case TrainingEvent.Progress e -> progress(e);
      case TrainingEvent.StepSkipped e ->
          out.printf("step %d/%d skipped: %s%n", e.step(), e.totalSteps(), e.reason());
      case TrainingEvent.Evaluating e -> out.printf("step %d: validation%n", e.step());
      case TrainingEvent.Evaluated e -> evaluation(e);
      case TrainingEvent.Checkpoint e -> {
        kept = e.step();
        out.printf("step %d: checkpoint%n", e.step());
      }
      case TrainingEvent.Completed e ->
          out.printf("done: %,d steps, mean loss %.4f%n", e.steps(), e.trainLoss());
      case TrainingEvent.Failed e -> out.println("failed: " + e.message());
    }
  }

  /** The run has ended before its last step because it was asked to. */
  void stopped() {
    if (kept == 0) out.println("stopped before the first step: there is nothing to go on from");
    else out.printf("stopped after step %d: the same command goes on from there%n", kept);
  }

  private void evaluation(TrainingEvent.Evaluated e) {
    if (e.metrics().isEmpty()) {
      out.printf(
          "step %d: validation loss %.4f, %.1f %% of tokens right%n",
          e.step(), e.validLoss(), 100 * e.validMeanTokenAccuracy());
      return;
    }
    out.printf("step %d: validation loss %.4f", e.step(), e.validLoss());
    e.metrics().forEach((name, value) -> out.printf(", %s %.4f", name, value));
    out.println();
  }

  private void progress(TrainingEvent.Progress e) {
    boolean soon = System.nanoTime() - last < EVERY;
    if (soon && e.step() < e.totalSteps()) return;
    last = System.nanoTime();
    out.printf(
        "step %d/%d, epoch %.2f: loss %.4f, %.1f %% right%s, gradient %.3f, rate %.2e, %,.0f"
            + " tokens/s (%,d tokens, %,d computed, %,d trained)%n",
        e.step(),
        e.totalSteps(),
        e.epoch(),
        e.loss(),
        100 * e.trainTokenAccuracy(),
        pairs(e.metrics()),
        e.gradNorm(),
        e.learningRate(),
        e.tokensPerSecond(),
        e.tokens().logical(),
        e.tokens().computed(),
        e.tokens().trained());
  }

  /** What is said of pairs, if there are any. */
  private static String pairs(Map<String, Double> pairs) {
    if (pairs.isEmpty()) return "";
    return ", margin %.3f, %.1f %% of pairs right"
        .formatted(
            pairs.getOrDefault("rewards/margins", Double.NaN),
            100 * pairs.getOrDefault("rewards/accuracies", Double.NaN));
  }

  static void count(RowCount count, boolean json, PrintStream out) {
    if (json) {
      out.println(JSON.writeValueAsString(count));
      return;
    }
    out.printf(
        ROWS + "%n",
        count.rows(),
        count.truncatedRows(),
        count.droppedRows(),
        count.tokensPerEpoch(),
        count.trainedTokensPerEpoch(),
        count.totalSteps());
  }

  /** Rows as tokens: {@code *} before those that train. */
  static void preview(List<Preview.PreviewedRow> rows, boolean json, PrintStream out) {
    if (json) {
      rows.forEach(row -> out.println(JSON.writeValueAsString(row)));
      return;
    }
    for (Preview.PreviewedRow row : rows) {
      out.printf(
          "line %d%s%s: %d tokens%s, %d trained%n",
          row.line(),
          row.part() == null ? "" : ", " + row.part(),
          row.label() == null ? "" : ", label " + row.label(),
          row.tokens().size(),
          row.cut() ? " (cut)" : "",
          row.trained());
      out.println(row.text());
      for (Preview.Token token : row.tokens()) {
        String text = token.text().replace("\n", "\\n").replace("\t", "\\t");
        out.printf("  %s %6d %s%n", token.trained() ? "*" : " ", token.id(), text);
      }
    }
  }
}
