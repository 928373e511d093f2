package dev.graft.jobs;

import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code graft train SPEC.json --preview} or {@code --count}, once. */
final class InspectionProcess {
  private static final Logger log = LoggerFactory.getLogger(InspectionProcess.class);
  private static final String HEAP = "512m";
  private static final long LONGEST_SECONDS = 60;
  private static final int REQUEST_WRONG = 2;

  /** Some hundred thousand tokens. */
  private static final long MOST_BYTES = 16 << 20;

  private static final String SAID_BY = "graft: ";

  private InspectionProcess() {}

  /**
   * @param directory for its output, and with all that it reads
   * @param asked options of the command
   * @return its lines, a JSON object each
   * @throws RequestFailed with what is wrong with the rows
   */
  static List<String> run(Children children, Path directory, Path spec, String... asked)
      throws IOException {
    Path out = directory.resolve("out");
    Path errors = directory.resolve("errors");
    List<String> command =
        new ArrayList<>(
            ChildJvm.ofThisProgram(
                HEAP, "train", spec.toString(), "--out", directory.toString(), "--json"));
    command.addAll(List.of(asked));
    children.share(directory);
    Process process =
        children
            .of(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(errors.toFile())
            .start();
    process.getOutputStream().close();
    if (ended(process) == 0) {
      if (Files.size(out) <= MOST_BYTES) return Files.readAllLines(out, StandardCharsets.UTF_8);
      throw RequestFailed.invalid("rows", "too much text to show at once: ask for fewer rows");
    }
    throw refusal(
        process.exitValue(), new String(Files.readAllBytes(errors), StandardCharsets.UTF_8));
  }

  private static int ended(Process process) {
    try {
      if (process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) return process.exitValue();
      throw new RequestFailed(
          ProblemType.INVALID_PROMPT,
          "The rows took more than %d s; the chat template may not end".formatted(LONGEST_SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RequestFailed(ProblemType.UNAVAILABLE, "The server is stopping");
    } finally {
      // it must be gone before its directory is
      process.destroyForcibly().onExit().join();
    }
  }

  private static RequestFailed refusal(int status, String errors) {
    String said =
        errors
            .lines()
            .filter(line -> line.startsWith(SAID_BY))
            .findFirst()
            .map(line -> line.substring(SAID_BY.length()))
            .orElse("");
    if (status == REQUEST_WRONG && !said.isEmpty()) {
      return new RequestFailed(ProblemType.INVALID_FILE, said, "training_file");
    }
    // What it said may be a row.
    log.atError()
        .addKeyValue("status", status)
        .addKeyValue("chars", said.length())
        .log("inspection_lost");
    return new RequestFailed(
        ProblemType.INTERNAL, "The rows were not read to the end; the server's log has more");
  }
}
