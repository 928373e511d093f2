package dev.graft.client;

import dev.graft.client.JobWatch.MakingWatch;
import dev.graft.client.TrainingFileUpload.UploadOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
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

/** {@code graft files}: manages files on a server. */
@Command(
    name = "files",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel =
        "(upload | import | imports | list | show | report | remedy | convert | download | delete)",
    description = "Upload, import, list, check, convert, download and delete files on a server.",
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

  @Command(name = "upload", description = "Upload a file and print its id.")
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
      description = "Have the server download a file; prints the import's id.")
  static final class Fetch extends ApiCommand {
    @Parameters(
        paramLabel = "SOURCE",
        description =
            "hf://datasets/organization/name@revision/FILE or s3://bucket/KEY, if the server allows"
                + " it; a * in the last part matches several files, which are joined.")
    private String source = "";

    @Option(names = "--name", paramLabel = "NAME", description = "The name of the new file.")
    private @Nullable String name;

    @Option(names = "--wait", description = "Wait for the import and print the file's id instead.")
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
        made = new MakingWatch(api, "import", one, MakingWatch.bytes("bytes")).untilDone(made);
      }
      boolean failed = JobWatch.hasEnded(made) && made.path("file_id").isNull();
      if (failed) note("graft: " + made.path("error").asString(made.path("status").asString()));
      show(made, made.path("file_id").asString(id));
      return failed ? 1 : 0;
    }
  }

  @Command(name = "imports", description = "List imports of files, newest first.")
  static final class Imports extends ApiCommand.ListCommand {
    Imports() {
      super(IMPORTED, IMPORTS);
    }
  }

  /**
   * Prints the problems of a file; returns 2 if it cannot be used. The server keeps such a file.
   */
  static int problems(ApiCommand command, JsonNode file) {
    for (JsonNode problem : file.path("errors")) {
      String message = problem.path("message").asString("");
      long line = problem.path("line").asLong();
      command.note(line == 0 ? message : "line " + line + ": " + message);
    }
    return file.path("status").asString().equals("error") ? 2 : 0;
  }

  @Command(name = "list", description = "List files, newest first.")
  static final class ListAll extends ApiCommand.ListCommand {
    ListAll() {
      super(PATH, FILES);
    }
  }

  @Command(name = "show", description = "Show a file as JSON.")
  static final class Show extends ApiCommand.ShowCommand {
    Show() {
      super(PATH);
    }
  }

  @Command(name = "report", description = "Show the data report of a file: problems in its rows.")
  static final class Report extends ApiCommand {
    @Parameters(
        paramLabel = "FILE|FILE_ID",
        description = "A file id, or a local file, which is uploaded first; its id is printed.")
    private String file = "";

    @Option(
        names = "--validation",
        paramLabel = "FILE|FILE_ID",
        description = "Also check for rows that are in this validation file too.")
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

  @Command(name = "download", description = "Download a file.")
  static final class Download extends ApiCommand {
    @Parameters(paramLabel = "FILE_ID")
    private String id = "";

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "File to write.")
    private Path out = Path.of("");

    @Override
    int run(GraftApi api) throws IOException {
      api.download(PATH + "/" + escaped(id) + "/content", out);
      note("written to " + out);
      return 0;
    }
  }

  @Command(name = "delete", description = "Delete a file. Fails while an unfinished job uses it.")
  static final class Delete extends ApiCommand {
    @Parameters(paramLabel = "FILE_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      show(api.delete(PATH + "/" + escaped(id)), "deleted");
      return 0;
    }
  }

  /** {@code graft files convert}: converts rows to OpenAI's chat format, in a new file. */
  @Command(
      name = "convert",
      description =
          "Convert a file in ShareGPT's or Alpaca's format, or with questions and answers, to a new"
              + " file of chat rows; prints its id.")
  static final class FilesConvert extends ApiCommand {
    private static final long PAUSE = TimeUnit.SECONDS.toNanos(1);

    @Parameters(paramLabel = "FILE", description = "A file id, or a local file, which is uploaded.")
    private String file = "";

    @Option(
        names = "--from",
        paramLabel = "FORMAT",
        description = "The format: sharegpt, alpaca or question_answer; by default it is detected.")
    private @Nullable String from;

    @Option(names = "--ignore-unknown-keys", description = "Ignore keys that the format lacks.")
    private boolean ignoreUnknownKeys;

    @Override
    int run(GraftApi api) throws IOException {
      UploadOptions options = new UploadOptions(ignoreUnknownKeys);
      String path = FilesCommand.PATH + "/" + escaped(TrainingFileUpload.idOf(api, file, options));
      JobWatch.Patience patience = new JobWatch.Patience();
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

  /** {@code graft files remedy}: applies the remedies of a data report, in a new file. */
  @Command(
      name = "remedy",
      description =
          "Apply the remedies of a file's data report and write the rows to a new file; prints its"
              + " id.")
  static final class FilesRemedy extends ApiCommand {
    @Parameters(
        index = "0",
        paramLabel = "FILE|FILE_ID",
        description = "A file id, or a local file, which is uploaded.")
    private String file = "";

    @Parameters(
        index = "1..*",
        arity = "0..*",
        paramLabel = "REMEDY",
        description =
            "A remedy such as drop_duplicates; by default all remedies that the report suggests.")
    private List<String> remedies = new ArrayList<>();

    @Option(
        names = "--validation",
        paramLabel = "FILE|FILE_ID",
        description = "A validation file, whose rows are removed from this file.")
    private String validation = "";

    @Override
    int run(GraftApi api) throws IOException {
      String path = FilesCommand.PATH + "/" + escaped(TrainingFileUpload.idOf(api, file));
      String held = validation.isEmpty() ? "" : TrainingFileUpload.idOf(api, validation);
      Set<String> chosen = new LinkedHashSet<>(remedies);
      if (chosen.isEmpty()) chosen.addAll(reported(api, path, held));
      if (chosen.isEmpty()) {
        note("the report suggests no remedy that can be applied automatically");
        return 0;
      }
      ObjectNode request = object();
      chosen.forEach(request.putArray("remedies")::add);
      if (!held.isEmpty()) request.put("validation_file", held);
      JsonNode made = api.create(path + "/remedies", request);
      for (JsonNode done : made.path("remedies")) {
        String rows =
            done.path("rows").isNull() ? "applied later" : done.path("rows").asString() + " rows";
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

  /** Formats a data report. */
  static final class QualityText {
    private QualityText() {}

    public static String of(JsonNode report) {
      List<String> lines = new ArrayList<>();
      lines.add(
          Table.line(
              "%,d rows of kind %s; prompt: %s; answer: %s",
              report.path("rows").asLong(),
              report.path("kind").asString(""),
              characters(report.path("prompt_characters")),
              characters(report.path("answer_characters"))));
      if (!report.path("complete").asBoolean()) {
        lines.add("Only the beginning of the file was checked.");
      }
      for (JsonNode finding : report.path("findings")) lines.add(finding(finding));
      if (report.path("findings").isEmpty()) lines.add("No problems found.");
      return String.join("\n", lines);
    }

    private static String characters(JsonNode lengths) {
      return Table.line(
          "median %,d characters, at most %,d",
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
          where.isEmpty()
              ? ""
              : " Line " + where + (more > 0 ? Table.line(" and %,d more.", more) : ".");
      String remedied = finding.path("remedied_by").asString("");
      return Table.line(
          "%-7s  %s%s%n         %s%s",
          finding.path("severity").asString(""),
          finding.path("message").asString(""),
          lines,
          finding.path("remedy").asString(""),
          remedied.isEmpty() ? "" : " (graft files remedy: " + remedied + ")");
    }
  }
}
