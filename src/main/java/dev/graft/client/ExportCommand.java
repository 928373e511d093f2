package dev.graft.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Has the server make a form of an adapter, and fetches it. */
abstract class ExportCommand extends ApiCommand {
  @Option(names = "--out", paramLabel = "FILE", description = "A new file; else its own name.")
  private @Nullable Path out;

  final int fetched(GraftApi api, String adapter, ObjectNode asked) throws IOException {
    if (out != null) Archive.requireNew(out);
    String path = AdaptersCommand.PATH + "/" + escaped(adapter) + "/exports";
    JsonNode begun = api.post(path, asked);
    String one = path + "/" + escaped(begun.path("id").asString());
    JsonNode made = new MakingWatch(api, "export", one, "done_bytes").untilDone(begun);
    if (!made.path("status").asString().equals("succeeded")) {
      note("graft: " + made.path("error").asString("it was not made"));
      return 1;
    }
    Path file = out == null ? Path.of(made.path("filename").asString()).getFileName() : out;
    Archive.requireNew(file);
    Archive.fetched(
        api,
        one + "/content",
        made.path("sha256").asString(),
        file,
        arrived -> Files.move(arrived, file));
    show(made, file.toString());
    return 0;
  }
}
