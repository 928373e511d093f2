package dev.graft.client;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft files convert}: OpenAI's chat rows of rows in another format, as a new file. */
@Command(
    name = "convert",
    description =
        "Make a new file of chat rows of one in ShareGPT's or Alpaca's format, or of rows with"
            + " question and answer; prints its id.")
final class FilesConvert extends ApiCommand {
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
