package dev.graft.client;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft evaluations create}: from a file on this machine to what a model is worth. */
@Command(
    name = "create",
    description =
        "Begin an evaluation; prints its id, or with --watch what came of it (status 1 if it did"
            + " not succeed, or a gate failed).")
final class EvaluationsCreate extends ApiCommand {
  private static final Duration POLL = Duration.ofSeconds(1);

  @Option(
      names = "--model",
      required = true,
      paramLabel = "MODEL",
      description = "A candidate; may be given several times.")
  private List<String> models = new ArrayList<>();

  @Option(
      names = "--baseline",
      paramLabel = "MODEL",
      description =
          "What they are compared with; the base model of the first unless given, of classifiers"
              + " majority: the most frequent label.")
  private @Nullable String baseline;

  @Option(
      names = "--file",
      required = true,
      paramLabel = "FILE",
      description =
          "Prompts with reference answers, or texts with a label each: an id (file-...), or a file"
              + " on this machine.")
  private String file = "";

  @Option(names = "--name", paramLabel = "TEXT", description = "For people.")
  private @Nullable String name;

  @Option(names = "--max-samples", paramLabel = "N", description = "Rows that are asked; 200.")
  private @Nullable Integer maxSamples;

  @Option(names = "--max-tokens", paramLabel = "N", description = "Of an answer; 256.")
  private @Nullable Integer maxTokens;

  @Option(names = "--seed", paramLabel = "N", description = "Of everything that is random; 42.")
  private @Nullable Long seed;

  @Option(
      names = "--grader",
      paramLabel = "WHAT",
      description =
          "eq, ne, like or ilike (strings); fuzzy_match, gleu, rouge_1 to rouge_5 or rouge_l"
              + " (similarity); may be given several times.")
  private List<String> graders = new ArrayList<>();

  @Option(
      names = "--gate",
      paramLabel = "GATE",
      description =
          "What candidates must reach: METRIC>=X, METRIC<=X, METRIC+X (better than the baseline"
              + " by X, with confidence) or METRIC-X (worse by X at most, with confidence).")
  private List<String> gates = new ArrayList<>();

  @Option(names = "--watch", description = "Follow it to its end.")
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

  /** Follows it to its end: 0 if it succeeded and no gate failed. */
  private int follow(GraftApi api, String id) {
    Screen screen = Screen.standard();
    Patience patience = new Patience();
    String told = "";
    JsonNode now = api.get(EvaluationsCommand.PATH + "/" + id);
    while (!JobWatch.hasEnded(now)) {
      String status = EvaluationText.status(now);
      if (!status.equals(told)) screen.doing("asking", status);
      told = status;
      LockSupport.parkNanos(POLL.toNanos());
      now = patience.ask(() -> api.get(EvaluationsCommand.PATH + "/" + id)).orElse(now);
    }
    if (screen.terminal()) note("");
    show(now, EvaluationText.of(now));
    boolean succeeded = now.path("status").asString().equals("succeeded");
    JsonNode passed = now.at("/results/passed");
    return succeeded && (!passed.isBoolean() || passed.asBoolean()) ? 0 : 1;
  }
}
