package dev.graft.client;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft jobs}: fine-tuning jobs on a server. */
@Command(
    name = "jobs",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel =
        "(check | create | list | show | watch | events | cancel | pause | resume | approve |"
            + " reject)",
    description = "Start fine-tuning jobs on a server and follow them.",
    subcommands = {
      JobsCreate.class,
      JobsCheck.class,
      JobsCommand.ListAll.class,
      JobsCommand.Show.class,
      JobsCommand.Watch.class,
      JobsCommand.Events.class,
      JobsCommand.Change.Cancel.class,
      JobsCommand.Change.Pause.class,
      JobsCommand.Change.Resume.class,
      JobsCommand.Decision.Approve.class,
      JobsCommand.Decision.Reject.class
    })
public final class JobsCommand extends CommandGroup {
  static final String PATH = "/v1/fine_tuning/jobs";
  private static final int NOT_SUCCEEDED = 1;

  private static Table jobs() {
    return new Table()
        .text("JOB", "/id")
        .time("CREATED", "/created_at")
        .column("STATUS", JobsCommand::status)
        .text("MODEL", "/model")
        .text("FILE", "/training_file_name")
        .text("SUBMITTED BY", "/submitted_by")
        .column("RESULT", JobsCommand::result);
  }

  /** The status, and of a running job how far it is. */
  private static String status(JsonNode job) {
    String status = job.path("status").asString("-");
    long total = job.at("/progress/total_steps").asLong(0);
    if (!status.equals("running") || total == 0) return status;
    return "%s %d %%".formatted(status, 100 * job.at("/progress/step").asLong(0) / total);
  }

  /** The model, or when it is expected, or why there is none. */
  private static String result(JsonNode job) {
    JsonNode model = job.path("fine_tuned_model");
    if (model.isString()) return model.asString();
    JsonNode end = job.path("estimated_finish");
    return end.isNumber() ? "expected at " + Table.time(end) : job.path("reason").asString("-");
  }

  /** Follows a job to its end: 0 if it succeeded, 1 if it did not. */
  static int follow(ApiCommand command, GraftApi api, String id) {
    JsonNode job = new JobWatch(api, Screen.standard()).untilDone(id);
    boolean done = job.path("status").asString().equals("succeeded");
    if (Screen.standard().terminal()) command.note("");
    command.show(job, done ? job.path("fine_tuned_model").asString() : why(job));
    if (!done) command.note(job.path("next_step").asString(""));
    return done ? 0 : NOT_SUCCEEDED;
  }

  private static String why(JsonNode job) {
    return "%s %s: %s"
        .formatted(
            job.path("id").asString(),
            job.path("status").asString(),
            job.path("reason").asString("no reason was given"));
  }

  @Command(name = "list", description = "Jobs, newest first.")
  static final class ListAll extends ApiCommand {
    private static final String OF_ALL = "/v1/organization/fine_tuning/jobs";

    @Option(names = "--all-departments", description = "Of every department, for administrators.")
    private boolean all;

    @Option(names = "--limit", defaultValue = "20", description = "At most (${DEFAULT-VALUE}).")
    private int limit;

    @Override
    int run(GraftApi api) {
      show(
          list(api, all ? OF_ALL : PATH, limit),
          all ? jobs().text("DEPARTMENT", "/project/name") : jobs());
      return 0;
    }
  }

  @Command(name = "show", description = "A job as a page; all of it with --json.")
  static final class Show extends ApiCommand {
    @Parameters(paramLabel = "JOB_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      JsonNode job = api.get(PATH + "/" + escaped(id));
      show(job, JobText.of(job));
      return 0;
    }
  }

  @Command(
      name = "watch",
      description = "Follow a job to its end; prints the model, or why there is none (status 1).")
  static final class Watch extends ApiCommand {
    @Parameters(paramLabel = "JOB_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      return follow(this, api, escaped(id));
    }
  }

  @Command(name = "events", description = "What happened to a job, oldest first.")
  static final class Events extends ApiCommand {
    private static final Table EVENTS =
        new Table().time("TIME", "/created_at").text("LEVEL", "/level").text("EVENT", "/message");

    @Parameters(paramLabel = "JOB_ID")
    private String id = "";

    @Option(names = "--limit", defaultValue = "50", description = "The last (${DEFAULT-VALUE}).")
    private int limit;

    @Override
    int run(GraftApi api) {
      List<JsonNode> newestFirst = list(api, PATH + "/" + escaped(id) + "/events", limit);
      show(newestFirst.reversed(), EVENTS);
      return 0;
    }
  }

  /** What changes a job: the command's name is the route's. */
  abstract static class Change extends ApiCommand {
    @Parameters(paramLabel = "JOB_ID")
    private String id = "";

    @Spec private CommandSpec named = CommandSpec.create();

    @Override
    final int run(GraftApi api) {
      String verb = named.name().toLowerCase(Locale.ROOT);
      JsonNode job = api.post(PATH + "/" + escaped(id) + "/" + verb, body());
      show(job, job.path("status").asString());
      return 0;
    }

    ObjectNode body() {
      return object();
    }

    @Command(name = "cancel", description = "End a job; what it has trained so far stays.")
    static final class Cancel extends Change {}

    @Command(name = "pause", description = "Let a job give its device back, at its next step.")
    static final class Pause extends Change {}

    @Command(name = "resume", description = "Let a paused job go on where it was.")
    static final class Resume extends Change {}
  }

  /** What an owner or an administrator says of a job that waits for approval. */
  abstract static class Decision extends Change {
    @Option(
        names = "--comment",
        paramLabel = "TEXT",
        description = "Why, for the department and the audit log; one line.")
    private @Nullable String comment;

    @Override
    final ObjectNode body() {
      ObjectNode body = super.body();
      return comment == null ? body : body.put("comment", comment);
    }

    @Command(name = "approve", description = "Let a job that waits for approval into the queue.")
    static final class Approve extends Decision {}

    @Command(name = "reject", description = "End a job that waits for approval.")
    static final class Reject extends Decision {}
  }
}
