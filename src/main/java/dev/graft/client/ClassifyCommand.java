package dev.graft.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft classify}: labels texts with a classifier. */
@Command(name = "classify", description = "Label texts with a classifier: prints label and score.")
public final class ClassifyCommand extends ApiCommand {
  /** The number of texts per request. */
  private static final int BATCH = 256;

  private static final int WIDTH = 60;

  private static final Table LABELS =
      new Table()
          .column("LABEL", ClassifyCommand::label)
          .column(
              "SCORE", each -> String.format(Locale.ROOT, "%.4f", each.path("score").asDouble()))
          .column("TEXT", each -> cut(each.path("text").asString("")));

  @Option(names = "--model", required = true, description = "A classifier that your key may use.")
  private String model = "";

  @Option(
      names = "--truncation",
      description =
          "Truncate texts that are longer than the model's context instead of rejecting them.")
  private boolean truncation;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      description =
          "With --json, print only the N most likely classes of each text; by default all.")
  private @Nullable Integer topK;

  @Parameters(
      paramLabel = "TEXT",
      description = "The texts; by default the lines of standard input.")
  private List<String> texts = new ArrayList<>();

  @Override
  int run(GraftApi api) throws IOException {
    List<String> all = texts.isEmpty() ? standardInput() : texts;
    if (all.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(), "there is no text: specify TEXT, or write lines to standard input");
    }
    List<JsonNode> labelled = new ArrayList<>();
    for (int from = 0; from < all.size(); from += BATCH) {
      List<String> batch = all.subList(from, Math.min(all.size(), from + BATCH));
      for (JsonNode each : api.post("/v1/classify", request(batch)).path("data")) {
        ObjectNode result = (ObjectNode) each;
        result.put("text", batch.get(each.path("index").asInt())).put("index", labelled.size());
        labelled.add(result);
      }
    }
    show(labelled, LABELS);
    return 0;
  }

  private ObjectNode request(List<String> batch) {
    ObjectNode request = object().put("model", model).put("truncation", truncation);
    if (topK != null) request.put("top_k", topK);
    batch.forEach(request.putArray("input")::add);
    return request;
  }

  private static List<String> standardInput() throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    return lines.lines().filter(line -> !line.isBlank()).toList();
  }

  /** Returns the labels of a text; a regression has none. */
  private static String label(JsonNode each) {
    List<String> labels = new ArrayList<>();
    each.path("labels").forEach(label -> labels.add(label.asString("")));
    return labels.isEmpty() ? "-" : String.join(", ", labels);
  }

  private static String cut(String text) {
    return text.length() <= WIDTH ? text : text.substring(0, WIDTH - 1) + "…";
  }
}
