package dev.graft.training;

import java.io.PrintStream;
import java.util.Locale;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** Formats the measurements as text or as a line of JSON. */
final class BenchReport {
  private static final JsonMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private BenchReport() {}

  static void print(StepReport report, boolean json, PrintStream out) {
    if (json) {
      out.println(JSON.writeValueAsString(report));
      return;
    }
    speed(report, out);
    report
        .time()
        .forEach(
            (part, share) ->
                line(out, "  %-10s %10.1f ms %5.1f %%", part, share.ms(), share.percent()));
    memory(report, out);
  }

  private static void speed(StepReport report, PrintStream out) {
    line(
        out,
        "%.0f tokens/s, %.2f s a step (%s, %s, %d threads, plan %s)",
        report.tokensPerSecond(),
        report.secondsPerStep(),
        report.device(),
        report.dtype(),
        report.threads(),
        report.plan());
    StepReport.StepTokenCounts tokens = report.tokensPerStep();
    line(
        out,
        "tokens of a step: %.0f, of which %.0f computed and %.0f trained",
        tokens.logical(),
        tokens.computed(),
        tokens.trained());
    line(
        out,
        "%.1f GFLOP/s; matrix products alone: %.0f tokens/s, %.0f %% of the step's time",
        report.gflopPerSecond(),
        report.gemmBoundTokensPerSecond(),
        100 * report.gemmBoundShare());
  }

  private static void memory(StepReport report, PrintStream out) {
    line(
        out,
        "peak memory %d MB (anonymous %d, mapped files %d), estimate %d MB",
        report.peakRssMb(),
        report.peakAnonymousMb(),
        report.peakMappedMb(),
        report.estimateMb());
    line(out, "%.1f s from the start of Java to the end of step 1", report.firstStepSeconds());
  }

  static void print(ReferenceRounds.Outcome outcome, boolean json, PrintStream out) {
    if (json) {
      out.println(JSON.writeValueAsString(outcome));
      return;
    }
    spread(out, "speed beside the reference", outcome.speedRatio());
    spread(out, "memory beside the reference", outcome.memoryRatio());
    Double difference = outcome.lossDifference();
    if (difference != null) line(out, "largest difference of a first loss: %.1e", difference);
  }

  /** Prints a round when it ends. */
  static void progress(ReferenceRounds.Round round, PrintStream out) {
    line(
        out,
        "speed %.2f times the reference's, peak memory %.2f times",
        round.speedRatio(),
        round.memoryRatio());
  }

  private static void spread(PrintStream out, String what, ReferenceRounds.Spread ratio) {
    line(
        out,
        "%s: median %.2f times (%.2f to %.2f)",
        what,
        ratio.median(),
        ratio.lowest(),
        ratio.highest());
  }

  private static void line(PrintStream out, String format, Object... values) {
    out.println(String.format(Locale.ROOT, format, values));
  }
}
