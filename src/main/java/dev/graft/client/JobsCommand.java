package dev.graft.client;

import dev.graft.platform.Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/** {@code graft jobs}: manages fine-tuning jobs. */
@Command(
    name = "jobs",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel =
        "(check | create | list | show | watch | events | cancel | pause | resume | approve |"
            + " reject)",
    description = "Create fine-tuning jobs on a server and follow their progress.",
    subcommands = {
      JobsCommand.JobsCreate.class,
      JobsCommand.JobsCheck.class,
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

  /** Returns the status, with the progress of a running job. */
  private static String status(JsonNode job) {
    String status = job.path("status").asString("-");
    long total = job.at("/progress/total_steps").asLong(0);
    if (!status.equals("running") || total == 0) return status;
    return "%s %d %%".formatted(status, 100 * job.at("/progress/step").asLong(0) / total);
  }

  /** Returns the model, or when it is expected, or why there is none. */
  private static String result(JsonNode job) {
    JsonNode model = job.path("fine_tuned_model");
    if (model.isString()) return model.asString();
    JsonNode end = job.path("estimated_finish");
    return end.isNumber() ? "expected at " + Table.time(end) : job.path("reason").asString("-");
  }

  /** Waits until a job ends; returns 0 if it succeeded, else 1. */
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

  @Command(name = "list", description = "List jobs, newest first.")
  static final class ListAll extends ApiCommand {
    private static final String OF_ALL = "/v1/organization/fine_tuning/jobs";

    @Option(names = "--all-departments", description = "Jobs of all departments (administrators).")
    private boolean all;

    @Option(
        names = "--limit",
        defaultValue = "20",
        description = "How many to list (${DEFAULT-VALUE}).")
    private int limit;

    @Override
    int run(GraftApi api) {
      show(
          list(api, all ? OF_ALL : PATH, limit),
          all ? jobs().text("DEPARTMENT", "/project/name") : jobs());
      return 0;
    }
  }

  @Command(name = "show", description = "Show a job; with --json, all of its fields.")
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
      description =
          "Wait until a job ends and show its progress; prints the model, or why there is none"
              + " (status 1).")
  static final class Watch extends ApiCommand {
    @Parameters(paramLabel = "JOB_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      return follow(this, api, escaped(id));
    }
  }

  @Command(name = "events", description = "List the events of a job, oldest first.")
  static final class Events extends ApiCommand {
    private static final Table EVENTS =
        new Table().time("TIME", "/created_at").text("LEVEL", "/level").text("EVENT", "/message");

    @Parameters(paramLabel = "JOB_ID")
    private String id = "";

    @Option(
        names = "--limit",
        defaultValue = "50",
        description = "The number of latest events (${DEFAULT-VALUE}).")
    private int limit;

    @Override
    int run(GraftApi api) {
      List<JsonNode> newestFirst = list(api, PATH + "/" + escaped(id) + "/events", limit);
      show(newestFirst.reversed(), EVENTS);
      return 0;
    }
  }

  /** A command that changes a job; its name is the last segment of the route. */
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

    @Command(name = "cancel", description = "Cancel a job; its checkpoints so far are kept.")
    static final class Cancel extends Change {}

    @Command(name = "pause", description = "Pause a job after its next step to free its device.")
    static final class Pause extends Change {}

    @Command(name = "resume", description = "Resume a paused job where it stopped.")
    static final class Resume extends Change {}
  }

  /** The decision of an owner or administrator about a job that waits for approval. */
  abstract static class Decision extends Change {
    @Option(
        names = "--comment",
        paramLabel = "TEXT",
        description = "The reason, for the department and the audit log; one line.")
    private @Nullable String comment;

    @Override
    final ObjectNode body() {
      ObjectNode body = super.body();
      return comment == null ? body : body.put("comment", comment);
    }

    @Command(name = "approve", description = "Approve a waiting job; it enters the queue.")
    static final class Approve extends Decision {}

    @Command(name = "reject", description = "Reject a job that waits for approval.")
    static final class Reject extends Decision {}
  }

  /** {@code graft jobs create}: creates a job, from a file id or a local file. */
  @Command(name = "create", description = "Create a job; prints its id, or with --watch the model.")
  static final class JobsCreate extends ApiCommand {
    @Option(names = "--model", required = true, paramLabel = "MODEL", description = "Base model.")
    private String model = "";

    @Option(
        names = "--training-file",
        required = true,
        paramLabel = "FILE",
        description = "A file id, or a local file, which is uploaded.")
    private String training = "";

    @Option(
        names = "--validation-file",
        paramLabel = "FILE",
        description = "Held-out rows for validation: a file id or a local file.")
    private @Nullable String validation;

    @Option(
        names = "--adapter",
        paramLabel = "NAME|FILE",
        description =
            "A preset (draft, balanced, quality, edge), the name of one of the department's"
                + " configurations, or a .json file with the adapter object.")
    private @Nullable String adapter;

    @Option(names = "--suffix", paramLabel = "NAME", description = "A suffix for the model's name.")
    private @Nullable String suffix;

    @Option(names = "--seed", paramLabel = "N", description = "Random seed.")
    private @Nullable Long seed;

    @Mixin private ResourceOptions resources = new ResourceOptions();

    @Option(names = "--quote", description = "Print an estimate instead; local files are uploaded.")
    private boolean quote;

    @Option(names = "--watch", description = "Wait until it finishes and show its progress.")
    private boolean watch;

    @Override
    int run(GraftApi api) throws IOException {
      ObjectNode job = object().put("model", model);
      if (adapter != null) job.set("adapter", adapter(adapter));
      job.put("training_file", TrainingFileUpload.idOf(api, training));
      if (validation != null) job.put("validation_file", TrainingFileUpload.idOf(api, validation));
      if (suffix != null) job.put("suffix", suffix);
      if (seed != null) job.put("seed", seed);
      ObjectNode asked = resources.asked();
      if (asked != null) job.set("resources", asked);
      if (quote) {
        JsonNode found = api.post("/v1/fine_tuning/quotes", job);
        show(found, QuoteText.text(found));
        note("training file: " + found.path("training_file").asString(""));
        for (JsonNode warning : found.path("warnings")) note("warning: " + warning.asString(""));
        return 0;
      }
      JsonNode created = api.create("/v1/fine_tuning/jobs", job);
      String id = created.path("id").asString();
      if (!watch) {
        show(created, id);
        return 0;
      }
      note(id);
      return JobsCommand.follow(this, api, id);
    }

    /** Returns a name as it is, or the content of a .json file. */
    static JsonNode adapter(String given) throws IOException {
      if (!given.endsWith(".json")) return StringNode.valueOf(given);
      try {
        return JsonMapper.shared().readTree(Files.readString(Path.of(given)));
      } catch (JacksonException e) {
        throw new IllegalArgumentException(given + " is not JSON: " + e.getOriginalMessage(), e);
      }
    }
  }

  /**
   * {@code graft jobs check}: checks adapter settings with a base model, without creating a job.
   */
  @Command(
      name = "check",
      description =
          "Check adapter settings with a base model: print what they would train, or what is"
              + " wrong.")
  static final class JobsCheck extends ApiCommand {
    private static final int REFUSED = 2;

    @Option(names = "--model", required = true, paramLabel = "MODEL", description = "Base model.")
    private String model = "";

    @Option(
        names = "--adapter",
        required = true,
        paramLabel = "NAME|FILE",
        description =
            "A preset, the name of a configuration, or a .json file with the adapter object.")
    private String adapter = "";

    @Override
    int run(GraftApi api) throws IOException {
      JsonNode found =
          api.post(
              "/v1/adapter_configs/validate",
              object().put("model", model).set("adapter", JobsCommand.JobsCreate.adapter(adapter)));
      if (found.path("valid").asBoolean(false)) {
        show(found, sentence(found));
        return 0;
      }
      if (connection.json()) say(found.toPrettyString());
      for (JsonNode error : found.path("errors")) {
        note(error.path("path").asString("") + ": " + error.path("message").asString(""));
      }
      return REFUSED;
    }

    private static String sentence(JsonNode found) {
      return String.format(
          Locale.ROOT,
          "trains %,d parameters in addition to the %,d of %s, in %d of its modules; uses up to %s"
              + " of memory%s",
          found.path("trainable_parameters").asLong(),
          found.path("parameters").asLong(),
          found.path("model").asString(""),
          found.path("modules").size(),
          Bytes.gigabytes(found.path("memory_bytes").asLong()),
          found.path("fits_worker").asBoolean(true) ? "" : ", which no current worker has");
    }
  }

  /** Formats a job for the terminal: its state and result, then its request. */
  static final class JobText {
    private static final int TITLES = 18;

    private final List<String> lines = new ArrayList<>();

    private JobText() {}

    public static String of(JsonNode job) {
      JobText page = new JobText();
      page.lines.add(text(job, "/id") + "  " + status(job));
      page.lines.add(text(job, "/reason"));
      JsonNode error = job.path("error");
      if (error.isObject() && !text(error, "/message").equals(text(job, "/reason"))) {
        page.lines.add(text(error, "/message"));
      }
      page.lines.add("Next: " + text(job, "/next_step"));
      page.result(job);
      page.asked(job);
      return String.join("\n", page.lines);
    }

    private static String status(JsonNode job) {
      String status = text(job, "/status");
      String more = text(job, "/sub_status");
      return more.isEmpty() ? status : status + " (" + more.replace('_', ' ') + ")";
    }

    private void result(JsonNode job) {
      lines.add("");
      field("Fine-tuned model", text(job, "/fine_tuned_model"));
      JsonNode total = job.at("/progress/total_steps");
      if (total.isNumber()) {
        long step = job.at("/progress/step").asLong();
        field(
            "Step",
            Table.line(
                "%,d of %,d (%d %%)",
                step, total.asLong(), 100 * step / Math.max(1, total.asLong())));
      }
      field("Trained tokens", Table.line("%,d", job.at("/usage/trained_tokens").asLong()));
      field("Device time", Table.line("%.1f s", job.at("/usage/device_seconds").asDouble()));
      field("Queue position", text(job, "/queue/position"));
      time("Created", job.path("created_at"));
      if (!job.path("finished_at").isNumber()) time("ETA", job.path("estimated_finish"));
      time("Finished", job.path("finished_at"));
      field("Worker", text(job, "/worker"));
      if (job.path("attempts").size() > 1) {
        field("Attempts", String.valueOf(job.path("attempts").size()));
      }
      for (JsonNode file : job.path("result_files")) field("Step metrics", file.asString());
    }

    private void asked(JsonNode job) {
      lines.add("");
      field("Model", text(job, "/model"));
      if (!text(job, "/parent_model").isEmpty()) field("Base model", text(job, "/base_model"));
      field("Training file", named(job, "training_file"));
      field("Validation file", named(job, "validation_file"));
      field("Suffix", text(job, "/user_provided_suffix"));
      field("Submitted by", text(job, "/submitted_by"));
      field("Method", text(job, "/method/type"));
      String peft = text(job, "/adapter/peft/peft_type");
      field("Adapter", peft.isEmpty() ? text(job, "/adapter/method/type") : peft);
      for (Map.Entry<String, JsonNode> each : job.path("hyperparameters").properties()) {
        field(title(each.getKey()), each.getValue().asString(""));
      }
      field("Seed", text(job, "/seed"));
      field("Resources", resources(job.path("resources")));
      StringJoiner pairs = new StringJoiner(", ");
      for (Map.Entry<String, JsonNode> each : job.path("metadata").properties()) {
        pairs.add(each.getKey() + "=" + each.getValue().asString(""));
      }
      field("Metadata", pairs.toString());
    }

    private static String resources(JsonNode asked) {
      StringJoiner parts = new StringJoiner(", ");
      String device = text(asked, "/device");
      if (asked.path("devices").isNumber()) parts.add(text(asked, "/devices") + " devices");
      if (!device.isEmpty()) parts.add(device);
      if (asked.path("memory").isNumber()) {
        parts.add(Bytes.gigabytes(asked.path("memory").asLong()) + " of memory");
      }
      if (asked.path("capability").isString())
        parts.add("capability " + text(asked, "/capability"));
      if (asked.path("worker_class").isString()) {
        parts.add("worker class " + text(asked, "/worker_class"));
      }
      limit(parts, "at most %s s", asked.path("max_run_seconds"));
      limit(parts, "progress at least every %s s", asked.path("no_progress_seconds"));
      return parts.toString();
    }

    private static void limit(StringJoiner parts, String text, JsonNode seconds) {
      if (seconds.isNumber()) parts.add(text.formatted(seconds.asString()));
    }

    /** Returns a file's name and id; of a deleted file only the id. */
    private static String named(JsonNode job, String field) {
      String id = text(job, "/" + field);
      String name = text(job, "/" + field + "_name");
      return name.isEmpty() ? id : name + " (" + id + ")";
    }

    private static String title(String hyperparameter) {
      if (hyperparameter.equals("learning_rate_multiplier")) return "LR multiplier";
      String words = hyperparameter.replaceFirst("^n_", "").replace('_', ' ');
      return words.substring(0, 1).toUpperCase(Locale.ROOT) + words.substring(1);
    }

    private void time(String title, JsonNode seconds) {
      if (seconds.isNumber()) field(title, Table.time(seconds));
    }

    /** Adds a field, unless its value is empty. */
    private void field(String title, String value) {
      if (value.isEmpty()) return;
      String space = " ".repeat(Math.max(1, TITLES - title.length()));
      lines.add(Table.printable(title + space + value));
    }

    private static String text(JsonNode of, String pointer) {
      return Table.printable(of.at(pointer).asString(""));
    }
  }

  /** Formats a quote, without its warnings. */
  static final class QuoteText {
    private QuoteText() {}

    public static String text(JsonNode quote) {
      List<String> lines = new ArrayList<>();
      JsonNode data = quote.path("data");
      lines.add(
          Table.line(
              "%,d rows, %,d tokens per epoch (%,d trained); %s epochs, %,d steps",
              data.path("rows").asLong(),
              data.path("tokens_per_epoch").asLong(),
              data.path("trained_tokens_per_epoch").asLong(),
              epochs(data.path("epochs").asDouble()),
              data.path("total_steps").asLong()));
      JsonNode memory = quote.path("memory");
      if (memory.path("bytes").isNumber()) lines.add(memory(memory));
      JsonNode queue = quote.path("queue");
      lines.add(
          Table.line(
              "position %,d in the queue: %s",
              queue.path("position").asLong(), queue.path("ahead_reason").asString("")));
      JsonNode run = quote.path("run");
      lines.add(
          run.path("seconds").isNumber()
              ? Table.line(
                  "about %s of training, at the %,.0f tokens/s of similar jobs",
                  duration(run.path("seconds").asLong()), run.path("tokens_per_second").asDouble())
              : "the training time is unknown, because no similar job has run yet");
      if (quote.path("approval").asBoolean()) lines.add("the job needs approval first");
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
      return epochs == Math.rint(epochs) ? Table.line("%.0f", epochs) : Table.line("%.2f", epochs);
    }

    private static String duration(long seconds) {
      if (seconds < 120) return seconds + " s";
      if (seconds < 7200) return seconds / 60 + " min";
      return Table.line("%.1f h", seconds / 3600.0);
    }
  }

  /** The resources that a job requests from a worker. */
  static final class ResourceOptions {
    private static final double GB = 1e9;

    @Option(
        names = "--device",
        paramLabel = "cpu|cuda",
        description =
            "Run only on a device of this kind; by default any, and cuda for a large base model.")
    private @Nullable String device;

    @Option(
        names = "--memory",
        paramLabel = "GB",
        description =
            "Run only on devices with at least this much memory, in addition to the estimate.")
    private @Nullable Double memory;

    @Option(
        names = "--capability",
        paramLabel = "X.Y",
        description = "Run only on GPUs with at least this CUDA compute capability.")
    private @Nullable String capability;

    @Option(names = "--devices", paramLabel = "N", description = "Number of devices (1).")
    private @Nullable Integer devices;

    @Option(
        names = "--worker-class",
        paramLabel = "CLASS",
        description = "Run only on workers of this class.")
    private @Nullable String workerClass;

    @Option(
        names = "--max-run",
        paramLabel = "SECONDS",
        description = "The job fails when its runs have taken this long in total.")
    private @Nullable Long maxRun;

    @Option(
        names = "--no-progress",
        paramLabel = "SECONDS",
        description = "A run without a new step for this long is stopped and retried.")
    private @Nullable Long noProgress;

    /** Returns the {@code resources} of the request; null if no option is set. */
    @Nullable ObjectNode asked() {
      ObjectNode asked = JsonMapper.shared().createObjectNode();
      if (device != null) asked.put("device", device);
      if (memory != null) asked.put("memory", Math.round(memory * GB));
      if (capability != null) asked.put("capability", capability);
      if (devices != null) asked.put("devices", devices);
      if (workerClass != null) asked.put("worker_class", workerClass);
      if (maxRun != null) asked.put("max_run_seconds", maxRun);
      if (noProgress != null) asked.put("no_progress_seconds", noProgress);
      return asked.isEmpty() ? null : asked;
    }
  }
}
