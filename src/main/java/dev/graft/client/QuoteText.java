package dev.graft.client;

import dev.graft.platform.Bytes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** A quote as lines for a person; its warnings are not among them. */
final class QuoteText {
  private QuoteText() {}

  public static String text(JsonNode quote) {
    List<String> lines = new ArrayList<>();
    JsonNode data = quote.path("data");
    lines.add(
        line(
            "%,d rows, %,d tokens an epoch (%,d trained); %s epochs, %,d steps",
            data.path("rows").asLong(),
            data.path("tokens_per_epoch").asLong(),
            data.path("trained_tokens_per_epoch").asLong(),
            epochs(data.path("epochs").asDouble()),
            data.path("total_steps").asLong()));
    JsonNode memory = quote.path("memory");
    if (memory.path("bytes").isNumber()) lines.add(memory(memory));
    JsonNode queue = quote.path("queue");
    lines.add(
        line(
            "place %,d in the queue: %s",
            queue.path("position").asLong(), queue.path("ahead_reason").asString("")));
    JsonNode run = quote.path("run");
    lines.add(
        run.path("seconds").isNumber()
            ? line(
                "about %s of training, by the %,.0f tokens/s of earlier jobs like it",
                duration(run.path("seconds").asLong()), run.path("tokens_per_second").asDouble())
            : "how long it trains is not known: no job like it has run");
    if (quote.path("approval").asBoolean()) lines.add("waits for approval first");
    return String.join("\n", lines);
  }

  private static String memory(JsonNode memory) {
    String needs =
        "up to %s of a device's memory".formatted(Bytes.gigabytes(memory.path("bytes").asLong()));
    JsonNode largest = memory.path("largest_device_bytes");
    if (!largest.isNumber()) return needs;
    return needs + "; the largest worker has " + Bytes.gigabytes(largest.asLong());
  }

  private static String epochs(double epochs) {
    return epochs == Math.rint(epochs) ? line("%.0f", epochs) : line("%.2f", epochs);
  }

  private static String duration(long seconds) {
    if (seconds < 120) return seconds + " s";
    if (seconds < 7200) return seconds / 60 + " min";
    return line("%.1f h", seconds / 3600.0);
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
