package dev.graft.client;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/**
 * What a job is doing, as a line.
 *
 * @param phase what it is at, in a word or two
 * @param text how far that is
 * @param news what makes it another line than the one before: time alone does not
 */
record JobLine(String phase, String text, String news) {
  private static final int BAR = 28;

  /**
   * @param job that has not ended
   * @param loss the newest of training; empty if none is known
   */
  static JobLine of(JsonNode job, String loss, Screen screen, Instant now) {
    String status = job.path("status").asString();
    String more = job.path("sub_status").asString("");
    JsonNode progress = job.path("progress");
    int total = progress.path("total_steps").asInt(0);
    int step = progress.path("step").asInt(0);
    if (!status.equals("running")) return waiting(status.replace('_', ' '), job);
    if (more.equals("validating")) {
      String when = step == 0 ? "before the first step" : "after step %d/%d".formatted(step, total);
      return new JobLine("validation", when, when);
    }
    if (!more.isEmpty()) return waiting(more, job);
    if (total == 0) return waiting("preparing", job);
    String text = training(progress, step, total, loss, screen) + left(progress, now);
    return new JobLine("training", text, "step " + step);
  }

  private static JobLine waiting(String phase, JsonNode job) {
    String why = job.path("reason").asString("");
    return new JobLine(phase, why, why);
  }

  private static String training(
      JsonNode progress, int step, int total, String loss, Screen screen) {
    var line = new StringBuilder();
    if (screen.terminal()) line.append(bar((double) step / total, screen)).append(' ');
    line.append("%3d %%  step %d/%d".formatted(step * 100L / total, step, total));
    if (!loss.isEmpty()) line.append("  loss ").append(loss);
    double speed = progress.path("tokens_per_second").asDouble(0);
    if (speed > 0) line.append(String.format(Locale.ROOT, "  %,.0f tokens/s", speed));
    return line.toString();
  }

  private static String bar(double share, Screen screen) {
    int full = (int) Math.round(share * BAR);
    return screen.green("━".repeat(full)) + screen.faint("━".repeat(BAR - full));
  }

  /** By the pace that the server has measured; empty until it has. */
  private static String left(JsonNode progress, Instant now) {
    JsonNode end = progress.path("eta");
    if (!end.isNumber()) return "";
    Duration left = Duration.between(now, Instant.ofEpochSecond(end.asLong()));
    if (left.isNegative()) return "";
    return left.toHours() == 0
        ? "  %d:%02d left".formatted(left.toMinutes(), left.toSecondsPart())
        : "  %d:%02d:%02d left"
            .formatted(left.toHours(), left.toMinutesPart(), left.toSecondsPart());
  }
}
