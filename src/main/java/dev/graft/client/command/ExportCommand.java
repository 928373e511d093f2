package dev.graft.client.command;

import dev.graft.client.Archive;
import dev.graft.client.GraftApi;
import dev.graft.client.JobWatch;
import dev.graft.client.Patience;
import dev.graft.client.Screen;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Has the server make a form of an adapter, and fetches it. */
abstract class ExportCommand extends ApiCommand {
  private static final long POLL = Duration.ofSeconds(1).toNanos();
  private static final long MB = 1_000_000;

  @Option(names = "--out", paramLabel = "FILE", description = "A new file; else its own name.")
  private @Nullable Path out;

  final int fetched(GraftApi api, String adapter, ObjectNode asked) throws IOException {
    if (out != null) Archive.requireNew(out);
    String path = AdaptersCommand.PATH + "/" + escaped(adapter) + "/exports";
    JsonNode made = watched(api, path, api.post(path, asked));
    if (!made.path("status").asString().equals("succeeded")) {
      note("graft: " + made.path("error").asString("it was not made"));
      return 1;
    }
    Path file = out == null ? Path.of(made.path("filename").asString()).getFileName() : out;
    Archive.requireNew(file);
    Archive.fetched(
        api,
        path + "/" + escaped(made.path("id").asString()) + "/content",
        made.path("sha256").asString(),
        file,
        arrived -> Files.move(arrived, file));
    show(made, file.toString());
    return 0;
  }

  private static JsonNode watched(GraftApi api, String path, JsonNode begun) {
    String one = path + "/" + escaped(begun.path("id").asString());
    Patience patience = new Patience();
    Screen screen = Screen.standard();
    JsonNode export = begun;
    String told = "";
    while (!JobWatch.hasEnded(export)) {
      String state = state(export);
      if (!state.equals(told)) screen.doing("export", state);
      told = state;
      LockSupport.parkNanos(POLL);
      Optional<JsonNode> now = patience.ask(() -> api.get(one));
      if (now.isPresent()) export = now.get();
    }
    screen.done("export", export.path("status").asString());
    return export;
  }

  private static String state(JsonNode export) {
    JsonNode total = export.path("total_bytes");
    return total.isNull()
        ? export.path("status").asString()
        : "%d of %d MB".formatted(export.path("done_bytes").asLong() / MB, total.asLong() / MB);
  }
}
