package dev.graft.console;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Formats numbers and times for pages: {@code ${@shown.bytes(file.bytes)}}. */
@Component("shown")
final class Shown {
  private static final String NOTHING = "–";
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("d MMM yyyy, HH:mm 'UTC'", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);
  private static final String[] UNITS = {"B", "KB", "MB", "GB", "TB"};
  private static final double MILLIS = 1000;

  /** As settings and documents count: of 1 TB, 1024 GB. */
  private static final double STEP = 1024;

  private final Clock clock;

  Shown(Clock clock) {
    this.clock = clock;
  }

  /** Returns whether a time has passed; false for null. */
  public boolean past(@Nullable Long seconds) {
    return seconds != null && !Instant.ofEpochSecond(seconds).isAfter(clock.instant());
  }

  /** Formats unix seconds for scripts, which show them in the user's time zone. */
  public String iso(@Nullable Long seconds) {
    return seconds == null ? "" : Instant.ofEpochSecond(seconds).toString();
  }

  public String time(@Nullable Long seconds) {
    return seconds == null ? NOTHING : TIME.format(Instant.ofEpochSecond(seconds));
  }

  public String seconds(@Nullable Double seconds) {
    if (seconds == null) return NOTHING;
    Duration time = Duration.ofMillis(Math.round(seconds * MILLIS));
    if (time.toMinutes() == 0) return "%d s".formatted(time.toSeconds());
    if (time.toHours() == 0) return "%d min %d s".formatted(time.toMinutes(), time.toSecondsPart());
    return "%d h %d min".formatted(time.toHours(), time.toMinutesPart());
  }

  public String count(@Nullable Number number) {
    return number == null ? NOTHING : String.format(Locale.ROOT, "%,d", number.longValue());
  }

  /** Formats a loss or score with four decimal places. */
  public String decimal(@Nullable Double number) {
    return number == null ? NOTHING : String.format(Locale.ROOT, "%.4f", number);
  }

  public String signed(double number) {
    return String.format(Locale.ROOT, "%+.4f", number);
  }

  /** Formats the resources that a job requests; empty if none. */
  public String asks(JobsConsoleController.JobView.ResourcesView asked) {
    StringJoiner told = new StringJoiner(", ");
    if (asked.devices() != null) told.add(asked.devices() + " devices");
    if (asked.device() != null) told.add(asked.device());
    Long memory = asked.memory();
    if (memory != null) told.add(String.format(Locale.ROOT, "%.1f GB of memory", memory / 1e9));
    if (asked.capability() != null) told.add("capability " + asked.capability());
    if (asked.workerClass() != null) told.add("worker class " + asked.workerClass());
    return told.toString();
  }

  public String bytes(@Nullable Long bytes) {
    if (bytes == null) return NOTHING;
    double size = bytes;
    int unit = 0;
    for (; size >= STEP && unit < UNITS.length - 1; unit++) size /= STEP;
    return unit == 0
        ? bytes + " B"
        : String.format(Locale.ROOT, size < 10 ? "%.1f %s" : "%.0f %s", size, UNITS[unit]);
  }

  /** Formats a name of the API without underscores. */
  public String words(@Nullable String name) {
    return name == null ? NOTHING : name.replace('_', ' ');
  }

  public String json(JsonNode tree) {
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(tree);
  }
}
