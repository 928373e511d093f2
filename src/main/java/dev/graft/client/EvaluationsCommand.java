package dev.graft.client;

import dev.graft.client.JobWatch.MakingWatch;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft evaluations}: compares models. */
@Command(
    name = "evaluations",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(create | list | show | samples | cancel | delete)",
    description = "Compare models by their answers to the rows of a file.",
    subcommands = {
      EvaluationsCommand.EvaluationsCreate.class,
      EvaluationsCommand.ListAll.class,
      EvaluationsCommand.Show.class,
      EvaluationsCommand.Samples.class,
      EvaluationsCommand.Cancel.class,
      EvaluationsCommand.Delete.class
    })
public final class EvaluationsCommand extends CommandGroup {
  static final String PATH = "/v1/evaluations";
  private static final Table EVALUATIONS =
      new Table()
          .text("EVALUATION", "/id")
          .time("CREATED", "/created_at")
          .column("STATUS", EvaluationText::status)
          .column("GATES", EvaluationText::gates)
          .text("NAME", "/name")
          .text("FILE", "/file_name")
          .text("MODEL", "/models/0");

  @Command(name = "list", description = "List evaluations, newest first.")
  static final class ListAll extends ApiCommand.ListCommand {
    @Option(names = "--model", paramLabel = "MODEL", description = "Evaluations of this model.")
    private @Nullable String model;

    ListAll() {
      super(PATH, EVALUATIONS);
    }

    @Override
    String query() {
      StringJoiner query = new StringJoiner("&");
      add(query, "model", model);
      return query.toString();
    }
  }

  @Command(name = "show", description = "Show the progress of an evaluation, or its results.")
  static final class Show extends ApiCommand {
    @Parameters(paramLabel = "EVALUATION_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      JsonNode evaluation = api.get(PATH + "/" + escaped(id));
      show(evaluation, EvaluationText.of(evaluation));
      return 0;
    }
  }

  @Command(name = "samples", description = "List questions, references and each model's answers.")
  static final class Samples extends ApiCommand {
    @Parameters(paramLabel = "EVALUATION_ID")
    private String id = "";

    @Option(
        names = "--outcome",
        paramLabel = "WHAT",
        description =
            "Only questions that the candidate answers better, worse or equal, compared with the"
                + " baseline.")
    private @Nullable String outcome;

    @Option(
        names = "--metric",
        paramLabel = "NAME",
        description = "The metric of the comparison; by default the first grader's.")
    private @Nullable String metric;

    @Option(names = "--model", paramLabel = "MODEL", description = "The candidate (the first).")
    private @Nullable String model;

    @Option(
        names = "--limit",
        defaultValue = "10",
        description = "How many to list (${DEFAULT-VALUE}).")
    private int limit;

    @Override
    int run(GraftApi api) {
      StringJoiner query = new StringJoiner("&");
      add(query, "outcome", outcome);
      add(query, "metric", metric);
      add(query, "model", model);
      String path = PATH + "/" + escaped(id) + "/samples";
      List<JsonNode> samples = list(api, query.length() == 0 ? path : path + "?" + query, limit);
      show(samples, all -> all.forEach(sample -> say(EvaluationText.sample(sample))));
      return 0;
    }
  }

  @Command(name = "cancel", description = "Cancel an evaluation; the answers so far are kept.")
  static final class Cancel extends ApiCommand {
    @Parameters(paramLabel = "EVALUATION_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      JsonNode ended = api.post(PATH + "/" + escaped(id) + "/cancel", object());
      show(ended, ended.path("status").asString());
      return 0;
    }
  }

  @Command(name = "delete", description = "Delete a finished evaluation and its samples.")
  static final class Delete extends ApiCommand {
    @Parameters(paramLabel = "EVALUATION_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      show(api.delete(PATH + "/" + escaped(id)), "deleted");
      return 0;
    }
  }

  /** {@code graft evaluations create}: starts an evaluation, from an id or a local file. */
  @Command(
      name = "create",
      description =
          "Start an evaluation and print its id, or with --watch its results (status 1 if it fails"
              + " or a gate fails).")
  static final class EvaluationsCreate extends ApiCommand {
    @Option(
        names = "--model",
        required = true,
        paramLabel = "MODEL",
        description = "A candidate; may be repeated.")
    private List<String> models = new ArrayList<>();

    @Option(
        names = "--baseline",
        paramLabel = "MODEL",
        description =
            "The model to compare with; by default the base model of the first candidate, and for"
                + " classifiers majority: the most frequent label.")
    private @Nullable String baseline;

    @Option(
        names = "--file",
        required = true,
        paramLabel = "FILE",
        description =
            "Prompts with reference answers, or labelled texts: a file id (file-...) or a local"
                + " file, which is uploaded.")
    private String file = "";

    @Option(names = "--name", paramLabel = "TEXT", description = "A name for the evaluation.")
    private @Nullable String name;

    @Option(names = "--max-samples", paramLabel = "N", description = "Maximum rows to use (200).")
    private @Nullable Integer maxSamples;

    @Option(names = "--max-tokens", paramLabel = "N", description = "Maximum answer tokens (256).")
    private @Nullable Integer maxTokens;

    @Option(names = "--seed", paramLabel = "N", description = "Random seed (42).")
    private @Nullable Long seed;

    @Option(
        names = "--grader",
        paramLabel = "WHAT",
        description =
            "eq, ne, like or ilike (strings); fuzzy_match, gleu, rouge_1 to rouge_5 or rouge_l"
                + " (similarity); may be repeated.")
    private List<String> graders = new ArrayList<>();

    @Option(
        names = "--gate",
        paramLabel = "GATE",
        description =
            "A condition on the candidates: METRIC>=X, METRIC<=X, METRIC+X (better than the"
                + " baseline by X, with confidence) or METRIC-X (worse by at most X, with"
                + " confidence).")
    private List<String> gates = new ArrayList<>();

    @Option(names = "--watch", description = "Wait until it finishes and show its progress.")
    private boolean watch;

    @Override
    int run(GraftApi api) throws IOException {
      ObjectNode evaluation = object();
      if (name != null) evaluation.put("name", name);
      models.forEach(evaluation.putArray("models")::add);
      if (baseline != null) evaluation.put("baseline", baseline);
      if (maxSamples != null) evaluation.put("max_samples", maxSamples);
      if (maxTokens != null) evaluation.put("max_completion_tokens", maxTokens);
      if (seed != null) evaluation.put("seed", seed);
      if (!graders.isEmpty()) {
        ArrayNode all = evaluation.putArray("graders");
        for (String each : graders) all.add(EvaluationText.grader(each));
      }
      if (!gates.isEmpty()) {
        ArrayNode all = evaluation.putArray("gates");
        for (String each : gates) all.add(EvaluationText.gate(each));
      }
      evaluation.put("file", TrainingFileUpload.idOf(api, file));
      JsonNode created = api.create(EvaluationsCommand.PATH, evaluation);
      String id = created.path("id").asString();
      if (!watch) {
        show(created, id);
        return 0;
      }
      note(id);
      return follow(api, id);
    }

    /** Waits until it finishes; returns 0 if it succeeded and no gate failed. */
    private int follow(GraftApi api, String id) {
      String path = EvaluationsCommand.PATH + "/" + id;
      JsonNode now =
          new MakingWatch(api, "asking", path, EvaluationText::status).untilDone(api.get(path));
      show(now, EvaluationText.of(now));
      boolean succeeded = now.path("status").asString().equals("succeeded");
      JsonNode passed = now.at("/results/passed");
      return succeeded && (!passed.isBoolean() || passed.asBoolean()) ? 0 : 1;
    }
  }

  /** Formats evaluations for the terminal, and parses graders and gates. */
  static final class EvaluationText {
    private static final Set<String> OPERATIONS = Set.of("eq", "ne", "like", "ilike");
    private static final Pattern GATE =
        Pattern.compile("([A-Za-z0-9_-]+?)(>=|<=|\\+|-)([0-9.eE-]+)");
    private static final Map<String, String> BOUNDS =
        Map.of(">=", "at_least", "<=", "at_most", "+", "better_by", "-", "worse_by_at_most");

    private EvaluationText() {}

    /** Returns OpenAI's grader for an operation or metric. */
    public static ObjectNode grader(String what) {
      return OPERATIONS.contains(what)
          ? JsonNodeFactory.instance.objectNode().put("type", "string_check").put("operation", what)
          : JsonNodeFactory.instance
              .objectNode()
              .put("type", "text_similarity")
              .put("evaluation_metric", what);
    }

    /**
     * Parses a gate such as {@code exact_match>=0.8}.
     *
     * @throws IllegalArgumentException if the text is not a gate
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
        // reported below
      }
      throw new IllegalArgumentException(
          "--gate: '%s' is not METRIC>=X, METRIC<=X, METRIC+X or METRIC-X".formatted(text));
    }

    /** Returns the status, with the progress of a running evaluation. */
    public static String status(JsonNode evaluation) {
      String status = evaluation.path("status").asString("-");
      JsonNode waits = evaluation.path("waits_for");
      if (waits.isString()) return status + ", waiting: " + waits.asString();
      long total = evaluation.at("/progress/total").asLong(0);
      if (!status.equals("running") || total == 0) return status;
      return Table.line(
          "running %d %%", 100 * evaluation.at("/progress/answered").asLong(0) / total);
    }

    /**
     * Returns {@code passed} or {@code failed} for all gates together, {@code none} if there are
     * none.
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
          Table.line(
              "%,d of %,d questions of %s were answered by all models:",
              results.path("compared").asLong(),
              evaluation.path("questions").asLong(),
              Table.printable(
                  evaluation.path("file_name").asString(evaluation.path("file").asString("")))));
      long leftOut = results.path("left_out").asLong();
      if (leftOut > 0) lines.add(Table.line("%,d were left out; see their samples", leftOut));
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
      lines.add(
          Table.printable(model.path("model").asString("")) + (baseline ? "  (baseline)" : ""));
      for (var metric : model.path("metrics").properties()) {
        lines.add(metric(metric.getKey(), metric.getValue()));
      }
      long cut = model.path("cut").asLong();
      if (cut > 0)
        lines.add(Table.line("  %,d answers were cut at the maximum number of tokens", cut));
      for (JsonNode gate : model.path("gates")) lines.add(gate(gate));
      if (model.path("confusion").isObject()) {
        lines.addAll(ConfusionText.of(model.path("confusion")));
      }
      return lines;
    }

    private static String metric(String name, JsonNode measured) {
      String own = Table.line("  %-16s %8.4f", name, measured.path("value").asDouble());
      JsonNode interval = measured.path("confidence_interval");
      if (interval.isArray()) {
        own +=
            Table.line(" [%.4f, %.4f]", interval.path(0).asDouble(), interval.path(1).asDouble());
      }
      JsonNode against = measured.path("against_baseline");
      if (!against.isObject()) return own;
      return own
          + Table.line(
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

    /** Formats a question, the reference answer and each model's answer. */
    public static String sample(JsonNode sample) {
      List<String> lines = new ArrayList<>();
      lines.add(Table.line("line %d", sample.path("line").asLong()));
      for (JsonNode turn : sample.path("messages")) {
        lines.add("  " + turn.path("role").asString("") + ": " + text(turn.path("content")));
      }
      if (sample.path("prompt").isString()) lines.add("  prompt: " + text(sample.path("prompt")));
      lines.add("  reference: " + text(sample.path("reference")));
      for (JsonNode answer : sample.path("answers")) {
        String given =
            answer.path("text").isString()
                ? text(answer.path("text"))
                : "(none: " + text(answer.path("refusal")) + ")";
        lines.add("  " + Table.printable(answer.path("model").asString("")) + ": " + given);
      }
      return String.join("\n", lines) + "\n";
    }

    private static String text(JsonNode text) {
      return Table.printable(text.asString(""));
    }
  }

  /** Formats the confusion matrix of a classifier. */
  static final class ConfusionText {
    /** The most columns that fit on a terminal. */
    private static final int WIDEST = 10;

    private ConfusionText() {}

    /**
     * Returns a line per class: precision, recall, F1, number of texts, and their predicted
     * classes.
     *
     * @param confusion {@code ConfusionMatrix} of the API
     */
    static List<String> of(JsonNode confusion) {
      JsonNode classes = confusion.path("classes");
      JsonNode counts = confusion.path("counts");
      boolean columns = counts.isArray() && classes.size() <= WIDEST;
      Table table =
          new Table()
              .text("CLASS", "/label")
              .column("PRECISION", each -> share(each.path("precision")))
              .column("RECALL", each -> share(each.path("recall")))
              .column("F1", each -> share(each.path("f1")))
              .text("TEXTS", "/support");
      if (columns) {
        for (int i = 0; i < classes.size(); i++) {
          int predicted = i;
          table.column(
              "AS " + Table.printable(classes.path(i).path("label").asString("")),
              each -> counts.path(place(classes, each)).path(predicted).asString("-"));
        }
      }
      return table.lines(classes).stream().map(line -> "  " + line).toList();
    }

    private static int place(JsonNode classes, JsonNode one) {
      int place = 0;
      while (!classes.path(place).path("label").equals(one.path("label"))) place++;
      return place;
    }

    private static String share(JsonNode number) {
      return String.format(Locale.ROOT, "%.4f", number.asDouble());
    }
  }
}
