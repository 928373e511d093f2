package dev.graft.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Evaluations as people write and read them on a terminal. */
final class EvaluationText {
  private static final Set<String> OPERATIONS = Set.of("eq", "ne", "like", "ilike");
  private static final Pattern GATE = Pattern.compile("([A-Za-z0-9_-]+?)(>=|<=|\\+|-)([0-9.eE-]+)");
  private static final Map<String, String> BOUNDS =
      Map.of(">=", "at_least", "<=", "at_most", "+", "better_by", "-", "worse_by_at_most");

  private EvaluationText() {}

  /** One of OpenAI's graders, by its operation or metric. */
  public static ObjectNode grader(String what) {
    return OPERATIONS.contains(what)
        ? JsonNodeFactory.instance.objectNode().put("type", "string_check").put("operation", what)
        : JsonNodeFactory.instance
            .objectNode()
            .put("type", "text_similarity")
            .put("evaluation_metric", what);
  }

  /**
   * Such as {@code exact_match>=0.8}.
   *
   * @throws IllegalArgumentException if it is no gate
   */
  public static ObjectNode gate(String text) {
    Matcher gate = GATE.matcher(text.replace(" ", ""));
    try {
      if (gate.matches()) {
        return JsonNodeFactory.instance
            .objectNode()
            .put("metric", gate.group(1))
            .put(BOUNDS.get(gate.group(2)), Double.parseDouble(gate.group(3)));
      }
    } catch (NumberFormatException notANumber) {
      // told below
    }
    throw new IllegalArgumentException(
        "--gate: '%s' is not METRIC>=X, METRIC<=X, METRIC+X or METRIC-X".formatted(text));
  }

  /** The status, and of one that is under way how far it is. */
  public static String status(JsonNode evaluation) {
    String status = evaluation.path("status").asString("-");
    JsonNode waits = evaluation.path("waits_for");
    if (waits.isString()) return status + ", waits: " + waits.asString();
    long total = evaluation.at("/progress/total").asLong(0);
    if (!status.equals("running") || total == 0) return status;
    return line("running %d %%", 100 * evaluation.at("/progress/answered").asLong(0) / total);
  }

  /**
   * What came of all gates: {@code passed} or {@code failed}; {@code none} where there are none.
   */
  public static String gates(JsonNode evaluation) {
    JsonNode passed = evaluation.at("/results/passed");
    if (passed.isBoolean()) return passed.asBoolean() ? "passed" : "failed";
    return evaluation.path("gates").isEmpty() ? "none" : "-";
  }

  public static String of(JsonNode evaluation) {
    JsonNode results = evaluation.path("results");
    if (!results.isObject()) {
      String error = evaluation.at("/error/message").asString("");
      return status(evaluation) + (error.isEmpty() ? "" : ": " + error);
    }
    List<String> lines = new ArrayList<>();
    lines.add(
        line(
            "%,d of %,d questions of %s, answered by all:",
            results.path("compared").asLong(),
            evaluation.path("questions").asLong(),
            Table.printable(
                evaluation.path("file_name").asString(evaluation.path("file").asString("")))));
    long leftOut = results.path("left_out").asLong();
    if (leftOut > 0) lines.add(line("%,d left out: see their samples", leftOut));
    for (JsonNode model : results.path("models")) lines.addAll(model(model));
    JsonNode passed = results.path("passed");
    if (passed.isBoolean()) {
      lines.add(passed.asBoolean() ? "All gates passed." : "A gate failed.");
    }
    return String.join("\n", lines);
  }

  private static List<String> model(JsonNode model) {
    List<String> lines = new ArrayList<>();
    boolean baseline = model.path("baseline").asBoolean();
    lines.add("");
    lines.add(Table.printable(model.path("model").asString("")) + (baseline ? "  (baseline)" : ""));
    for (var metric : model.path("metrics").properties()) {
      lines.add(metric(metric.getKey(), metric.getValue()));
    }
    long cut = model.path("cut").asLong();
    if (cut > 0) lines.add(line("  %,d answers were cut at the bound on their tokens", cut));
    for (JsonNode gate : model.path("gates")) lines.add(gate(gate));
    if (model.path("confusion").isObject()) {
      lines.addAll(ConfusionText.of(model.path("confusion")));
    }
    return lines;
  }

  private static String metric(String name, JsonNode measured) {
    String own = line("  %-16s %8.4f", name, measured.path("value").asDouble());
    JsonNode interval = measured.path("confidence_interval");
    if (interval.isArray()) {
      own += line(" [%.4f, %.4f]", interval.path(0).asDouble(), interval.path(1).asDouble());
    }
    JsonNode against = measured.path("against_baseline");
    if (!against.isObject()) return own;
    return own
        + line(
            "  %+.4f [%+.4f, %+.4f]  p %.4f  %d better, %d worse, %d equal  %s",
            against.path("difference").asDouble(),
            against.at("/confidence_interval/0").asDouble(),
            against.at("/confidence_interval/1").asDouble(),
            against.path("p_value").asDouble(),
            against.path("better").asLong(),
            against.path("worse").asLong(),
            against.path("equal").asLong(),
            against.path("verdict").asString(""));
  }

  private static String gate(JsonNode gate) {
    StringBuilder text = new StringBuilder("  gate ").append(gate.path("metric").asString(""));
    for (String bound : List.of("at_least", "at_most", "better_by", "worse_by_at_most")) {
      if (gate.path(bound).isNumber()) {
        text.append(' ').append(bound.replace('_', ' ')).append(' ');
        text.append(gate.path(bound).asString());
      }
    }
    text.append(gate.path("passed").asBoolean() ? ": passed" : ": NOT passed");
    String reason = gate.path("reason").asString("");
    return reason.isEmpty() ? text.toString() : text + ": " + Table.printable(reason);
  }

  /** A question, the known answer, and what everyone said. */
  public static String sample(JsonNode sample) {
    List<String> lines = new ArrayList<>();
    lines.add(line("line %d", sample.path("line").asLong()));
    for (JsonNode turn : sample.path("messages")) {
      lines.add("  " + turn.path("role").asString("") + ": " + text(turn.path("content")));
    }
    if (sample.path("prompt").isString()) lines.add("  prompt: " + text(sample.path("prompt")));
    lines.add("  known: " + text(sample.path("reference")));
    for (JsonNode answer : sample.path("answers")) {
      String said =
          answer.path("text").isString()
              ? text(answer.path("text"))
              : "(none: " + text(answer.path("refusal")) + ")";
      lines.add("  " + Table.printable(answer.path("model").asString("")) + ": " + said);
    }
    return String.join("\n", lines) + "\n";
  }

  private static String text(JsonNode text) {
    return Table.printable(text.asString(""));
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
