package dev.graft.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** A report on the rows of a file, as lines for a person. */
final class QualityText {
  private QualityText() {}

  public static String of(JsonNode report) {
    List<String> lines = new ArrayList<>();
    lines.add(
        line(
            "%,d rows of the kind %s; prompt: %s, answer: %s",
            report.path("rows").asLong(),
            report.path("kind").asString(""),
            characters(report.path("prompt_characters")),
            characters(report.path("answer_characters"))));
    if (!report.path("complete").asBoolean()) {
      lines.add("Not all was read: this is about the beginning.");
    }
    for (JsonNode finding : report.path("findings")) lines.add(finding(finding));
    if (report.path("findings").isEmpty()) lines.add("No problems found.");
    return String.join("\n", lines);
  }

  private static String characters(JsonNode lengths) {
    return line(
        "%,d characters, at most %,d",
        lengths.path("median").asLong(), lengths.path("max").asLong());
  }

  private static String finding(JsonNode finding) {
    String where =
        finding
            .path("lines")
            .valueStream()
            .map(JsonNode::asString)
            .collect(Collectors.joining(", "));
    long more = finding.path("count").asLong() - finding.path("lines").size();
    String lines =
        where.isEmpty() ? "" : " Line " + where + (more > 0 ? line(" and %,d more.", more) : ".");
    String remedied = finding.path("remedied_by").asString("");
    return line(
        "%-7s  %s%s%n         %s%s",
        finding.path("severity").asString(""),
        finding.path("message").asString(""),
        lines,
        finding.path("remedy").asString(""),
        remedied.isEmpty() ? "" : " (graft files remedy: " + remedied + ")");
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
