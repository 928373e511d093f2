package dev.graft.client;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft files}: training files on a server. */
@Command(
    name = "files",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel =
        "(upload | import | imports | list | show | report | remedy | convert | download | delete)",
    description =
        "Upload training files to a server, have it fetch them, list, download and delete files.",
    subcommands = {
      FilesCommand.Send.class,
      FilesCommand.Fetch.class,
      FilesCommand.Imports.class,
      FilesCommand.ListAll.class,
      FilesCommand.Show.class,
      FilesCommand.Report.class,
      FilesCommand.FilesRemedy.class,
      FilesCommand.FilesConvert.class,
      FilesCommand.Download.class,
      FilesCommand.Delete.class
    })
public final class FilesCommand extends CommandGroup {
  private static final Table FILES =
      new Table()
          .text("FILE", "/id")
          .time("CREATED", "/created_at")
          .size("SIZE", "/bytes")
          .text("ROWS", "/examples")
          .text("STATUS", "/status")
          .text("NAME", "/filename");

  private static final Table IMPORTS =
      new Table()
          .text("IMPORT", "/id")
          .time("CREATED", "/created_at")
          .size("SIZE", "/total_bytes")
          .text("STATUS", "/status")
          .text("FILE", "/file_id")
          .text("SOURCE", "/source");

  static final String PATH = "/v1/files";
  private static final String IMPORTED = PATH + "/imports";

  @Command(name = "upload", description = "Upload a file, for training as a rule; prints its id.")
  static final class Send extends ApiCommand {
    @Parameters(paramLabel = "FILE", description = "JSONL or CSV, plain, .gz or .zst, or Parquet.")
    private Path file = Path.of("");

    @Mixin private UploadOptions options = new UploadOptions();

    @Override
    int run(GraftApi api) throws IOException {
      JsonNode sent = new TrainingFileUpload(api, file, options).send();
      show(sent, sent.path("id").asString());
      return problems(this, sent);
    }
  }

  @Command(
      name = "import",
      description = "Have the server fetch a training file; prints the id of the import.")
  static final class Fetch extends ApiCommand {
    @Parameters(
        paramLabel = "SOURCE",
        description =
            "hf://datasets/organization/name@revision/FILE or s3://bucket/KEY, as the server"
                + " allows them; a * in the last part joins files.")
    private String source = "";

    @Option(names = "--name", paramLabel = "NAME", description = "What the file is called.")
    private @Nullable String name;

    @Option(names = "--wait", description = "Until the file is there; prints its id instead.")
    private boolean wait;

    @Mixin private UploadOptions options = new UploadOptions();

    @Override
    int run(GraftApi api) {
      ObjectNode wanted =
          object()
              .put("source", source)
              .put("purpose", "fine-tune")
              .put("ignore_unknown_keys", options.ignoreUnknownKeys());
      if (name != null) wanted.put("filename", name);
      options.columns().forEach(wanted.withObject("columns")::put);
      JsonNode made = api.create(IMPORTED, wanted);
      String id = made.path("id").asString();
      if (wait) {
        String one = IMPORTED + "/" + escaped(id);
        made = new MakingWatch(api, "import", one, "bytes").untilDone(made);
      }
      boolean failed = JobWatch.hasEnded(made) && made.path("file_id").isNull();
      if (failed) note("graft: " + made.path("error").asString(made.path("status").asString()));
      show(made, made.path("file_id").asString(id));
      return failed ? 1 : 0;
    }
  }

  @Command(name = "imports", description = "Imports of files, newest first.")
  static final class Imports extends ListCommand {
    Imports() {
      super(IMPORTED, IMPORTS);
    }
  }

  /** A file with problems is kept, so that they can be read; no job takes it. */
  static int problems(ApiCommand command, JsonNode file) {
    for (JsonNode problem : file.path("errors")) {
      String message = problem.path("message").asString("");
      long line = problem.path("line").asLong();
      command.note(line == 0 ? message : "line " + line + ": " + message);
    }
    return file.path("status").asString().equals("error") ? 2 : 0;
  }

  @Command(name = "list", description = "Files, newest first.")
  static final class ListAll extends ListCommand {
    ListAll() {
      super(PATH, FILES);
    }
  }

  @Command(name = "show", description = "What the server knows of a file.")
  static final class Show extends ShowCommand {
    Show() {
      super(PATH);
    }
  }

  @Command(name = "report", description = "The data report of a file: problems in its rows.")
  static final class Report extends ApiCommand {
    @Parameters(
        paramLabel = "FILE|FILE_ID",
        description = "A file on this machine is uploaded first; its id is printed.")
    private String file = "";

    @Option(
        names = "--validation",
        paramLabel = "FILE|FILE_ID",
        description = "Also whether it has rows in common with this one.")
    private String validation = "";

    @Override
    int run(GraftApi api) throws IOException {
      String id = id(api, file);
      String query = validation.isEmpty() ? "" : "?validation_file=" + escaped(id(api, validation));
      JsonNode report = api.get(PATH + "/" + escaped(id) + "/report" + query);
      show(report, QualityText.of(report));
      return 0;
    }

    private String id(GraftApi api, String given) throws IOException {
      String id = TrainingFileUpload.idOf(api, given);
      if (!id.equals(given)) note(given + " is " + id);
      return id;
    }
  }

  @Command(name = "download", description = "The bytes of a file.")
  static final class Download extends ApiCommand {
    @Parameters(paramLabel = "FILE_ID")
    private String id = "";

    @Option(
        names = "--out",
        required = true,
        paramLabel = "FILE",
        description = "Where to write it.")
    private Path out = Path.of("");

    @Override
    int run(GraftApi api) throws IOException {
      api.download(PATH + "/" + escaped(id) + "/content", out);
      note("written to " + out);
      return 0;
    }
  }

  @Command(name = "delete", description = "Delete a file that no unfinished job uses.")
  static final class Delete extends ApiCommand {
    @Parameters(paramLabel = "FILE_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      show(api.delete(PATH + "/" + escaped(id)), "deleted");
      return 0;
    }
  }

  /** {@code graft files convert}: OpenAI's chat rows of rows in another format, as a new file. */
  @Command(
      name = "convert",
      description =
          "Make a new file of chat rows of one in ShareGPT's or Alpaca's format, or of rows with"
              + " question and answer; prints its id.")
  static final class FilesConvert extends ApiCommand {
    private static final long PAUSE = TimeUnit.SECONDS.toNanos(1);

    @Parameters(
        paramLabel = "FILE",
        description = "An id (file-...), or a file on this machine, which is uploaded.")
    private String file = "";

    @Option(
        names = "--from",
        paramLabel = "FORMAT",
        description = "sharegpt, alpaca or question_answer; else as it was recognised.")
    private @Nullable String from;

    @Option(
        names = "--ignore-unknown-keys",
        description = "Leave out keys that the format does not have.")
    private boolean ignoreUnknownKeys;

    @Override
    int run(GraftApi api) throws IOException {
      UploadOptions options = new UploadOptions(ignoreUnknownKeys);
      String path = FilesCommand.PATH + "/" + escaped(TrainingFileUpload.idOf(api, file, options));
      Patience patience = new Patience();
      while (patience.ask(() -> api.get(path)).map(FilesConvert::isUnread).orElse(true)) {
        LockSupport.parkNanos(PAUSE);
      }
      ObjectNode request = object();
      if (from != null) request.put("from", from);
      if (ignoreUnknownKeys) request.put("ignore_unknown_keys", true);
      JsonNode made = api.create(path + "/convert", request);
      show(made, made.path("id").asString());
      return FilesCommand.problems(this, made);
    }

    private static boolean isUnread(JsonNode file) {
      return file.path("status").asString().equals("uploaded");
    }
  }

  /**
   * {@code graft files remedy}: the rows of a file without what its report finds, as a new file.
   */
  @Command(
      name = "remedy",
      description =
          "Make a new file of the rows of one, with what its data report says can be done about"
              + " them; prints its id.")
  static final class FilesRemedy extends ApiCommand {
    @Parameters(
        index = "0",
        paramLabel = "FILE|FILE_ID",
        description = "An id (file-...), or a file on this machine, which is uploaded.")
    private String file = "";

    @Parameters(
        index = "1..*",
        arity = "0..*",
        paramLabel = "REMEDY",
        description = "Such as drop_duplicates; none given: all that the report names.")
    private List<String> remedies = new ArrayList<>();

    @Option(
        names = "--validation",
        paramLabel = "FILE|FILE_ID",
        description = "The file whose rows must not be among these.")
    private String validation = "";

    @Override
    int run(GraftApi api) throws IOException {
      String path = FilesCommand.PATH + "/" + escaped(TrainingFileUpload.idOf(api, file));
      String held = validation.isEmpty() ? "" : TrainingFileUpload.idOf(api, validation);
      Set<String> asked = new LinkedHashSet<>(remedies);
      if (asked.isEmpty()) asked.addAll(reported(api, path, held));
      if (asked.isEmpty()) {
        note("the report names nothing that can be done without a person");
        return 0;
      }
      ObjectNode request = object();
      asked.forEach(request.putArray("remedies")::add);
      if (!held.isEmpty()) request.put("validation_file", held);
      JsonNode made = api.create(path + "/remedies", request);
      for (JsonNode done : made.path("remedies")) {
        String rows = done.path("rows").isNull() ? "later" : done.path("rows").asString() + " rows";
        note(done.path("remedy").asString() + ": " + rows);
      }
      show(made, made.path("id").asString());
      return FilesCommand.problems(this, made);
    }

    private static List<String> reported(GraftApi api, String path, String held)
        throws IOException {
      String query = held.isEmpty() ? "" : "?validation_file=" + escaped(held);
      return api.get(path + "/report" + query)
          .path("findings")
          .valueStream()
          .map(finding -> finding.path("remedied_by").asString(""))
          .filter(remedy -> !remedy.isEmpty())
          .toList();
    }
  }

  /** A report on the rows of a file, as lines for a person. */
  static final class QualityText {
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
}
