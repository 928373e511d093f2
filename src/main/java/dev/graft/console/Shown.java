package dev.graft.console;

import dev.graft.platform.Bytes;
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
  private static final double MILLIS = 1000;

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
    StringJoiner parts = new StringJoiner(", ");
    if (asked.devices() != null) parts.add(asked.devices() + " devices");
    if (asked.device() != null) parts.add(asked.device());
    Long memory = asked.memory();
    if (memory != null) parts.add(Bytes.gigabytes(memory) + " of memory");
    if (asked.capability() != null) parts.add("capability " + asked.capability());
    if (asked.workerClass() != null) parts.add("worker class " + asked.workerClass());
    return parts.toString();
  }

  public String bytes(@Nullable Long bytes) {
    return bytes == null ? NOTHING : Bytes.shown(bytes);
  }

  /** Formats a name of the API without underscores. */
  public String words(@Nullable String name) {
    return name == null ? NOTHING : name.replace('_', ' ');
  }

  public String json(JsonNode tree) {
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(tree);
  }
}
