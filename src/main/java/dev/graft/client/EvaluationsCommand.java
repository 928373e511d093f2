package dev.graft.client;

import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** {@code graft evaluations}: whether a model is better than another. */
@Command(
    name = "evaluations",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(create | list | show | samples | cancel | delete)",
    description = "Have models answer the rows of a file, and compare them.",
    subcommands = {
      EvaluationsCreate.class,
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

  @Command(name = "list", description = "Evaluations, newest first.")
  static final class ListAll extends ListCommand {
    @Option(names = "--model", paramLabel = "MODEL", description = "Only where it is asked.")
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

  @Command(name = "show", description = "How far an evaluation is, or what came of it.")
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

  @Command(
      name = "samples",
      description = "Questions, reference answers and what each model answered.")
  static final class Samples extends ApiCommand {
    @Parameters(paramLabel = "EVALUATION_ID")
    private String id = "";

    @Option(
        names = "--outcome",
        paramLabel = "WHAT",
        description = "Only what the candidate answers better, worse or equal to the baseline.")
    private @Nullable String outcome;

    @Option(names = "--metric", paramLabel = "NAME", description = "By this; the first grader.")
    private @Nullable String metric;

    @Option(names = "--model", paramLabel = "MODEL", description = "The candidate; the first.")
    private @Nullable String model;

    @Option(names = "--limit", defaultValue = "10", description = "At most (${DEFAULT-VALUE}).")
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

  @Command(name = "cancel", description = "End an evaluation; its answers so far stay.")
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

  @Command(name = "delete", description = "Delete an evaluation that has ended, with its samples.")
  static final class Delete extends ApiCommand {
    @Parameters(paramLabel = "EVALUATION_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      show(api.delete(PATH + "/" + escaped(id)), "deleted");
      return 0;
    }
  }
}
