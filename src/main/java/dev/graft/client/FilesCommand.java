package dev.graft.client;

import java.io.IOException;
import java.nio.file.Path;
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
      FilesRemedy.class,
      FilesConvert.class,
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
}
