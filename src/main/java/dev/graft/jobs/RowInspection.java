package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.datasets.TrainableRows;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children;
import dev.graft.platform.ConcurrencyLimit;
import dev.graft.platform.FileTrees;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads rows as the trainer will see them. The tokenizer is native code and the rows are not
 * trusted, so a child process reads them; it gets a copy of the first rows and the base model's
 * files without weights.
 */
@Service
class RowInspection {
  private static final int AT_ONCE = 2;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

  /** Bytes of a file that are counted: two processors tokenise them in six seconds. */
  private static final long COUNTED_BYTES = 2 << 20;

  private final ArtifactStore store;
  private final TrainableRows trainableRows;
  private final JsonMapper json;
  private final Children children;
  private final ConcurrencyLimit readers =
      new ConcurrencyLimit(AT_ONCE, RETRY_AFTER, "Other files are being read; try again");

  RowInspection(
      ArtifactStore store,
      TrainableRows trainableRows,
      JsonMapper json,
      ChildConfinement confinement) {
    this.children = confinement.within(Path.of(System.getProperty("java.io.tmpdir")));
    this.store = store;
    this.trainableRows = trainableRows;
    this.json = json;
  }

  /**
   * @return a JSON object for each row, two for a pair
   * @throws dev.graft.platform.RequestFailed if a row is refused, or too many files are being read
   */
  List<JsonNode> preview(SubmitJob.CheckedJob job, int count) {
    return read(
        job,
        (in, out) -> copyRows(in, out, count, Long.MAX_VALUE),
        (directory, spec, copied) ->
            InspectionProcess.run(
                    children, directory, spec, "--preview", "--rows", String.valueOf(count))
                .stream()
                .map(json::readTree)
                .toList());
  }

  /**
   * Estimates the counts of the whole file from its first {@link #COUNTED_BYTES}.
   *
   * @throws dev.graft.platform.RequestFailed if a row is refused, or too many files are being read
   */
  CountedRows count(SubmitJob.CheckedJob job) {
    return read(
        job,
        (in, out) -> copyRows(in, out, Integer.MAX_VALUE, COUNTED_BYTES),
        (directory, spec, copied) -> {
          List<String> lines = InspectionProcess.run(children, directory, spec, "--count");
          return CountedRows.of(
              json.readTree(lines.getFirst()),
              copied,
              job.training().bytes(),
              job.request().spec().training().schedule().maxSteps());
        });
  }

  /**
   * Checks that the base model's chat template supports tool calls, by reading the first row that
   * has some. A file without such rows starts no process.
   *
   * @throws dev.graft.platform.RequestFailed if the template omits them, or too many files are
   *     being read
   */
  void requireToolCalls(SubmitJob.CheckedJob job) {
    long line = trainableRows.firstWithToolCalls(job.training());
    if (line == 0) return;
    read(
        job,
        (in, out) -> copyRow(in, out, line),
        (directory, spec, copied) ->
            InspectionProcess.run(children, directory, spec, "--preview", "--rows", "1"));
  }

  private interface Copying {
    void copy(InputStream rows, OutputStream target) throws IOException;
  }

  private interface Reading<T> {
    /**
     * @param copied bytes of the file that were copied
     */
    T of(Path directory, Path spec, long copied) throws IOException;
  }

  private <T> T read(SubmitJob.CheckedJob job, Copying rows, Reading<T> reading) {
    return readers.run(
        () -> {
          try {
            return copied(job, rows, reading);
          } catch (IOException e) {
            throw new UncheckedIOException("rows could not be read", e);
          }
        });
  }

  private <T> T copied(SubmitJob.CheckedJob job, Copying rows, Reading<T> reading)
      throws IOException {
    Path directory = Files.createTempDirectory("graft-rows-");
    try {
      Path base = directory.resolve("base");
      ManifestDirectory.materialise(
          store, job.base().manifest(), base, name -> !name.endsWith(".safetensors"));
      Path copy = directory.resolve("rows.jsonl");
      try (InputStream in = new BufferedInputStream(store.open(job.training().digest()));
          OutputStream out = new BufferedOutputStream(Files.newOutputStream(copy))) {
        rows.copy(in, out);
      }
      return reading.of(directory, spec(job, base, copy), Files.size(copy));
    } finally {
      FileTrees.delete(directory);
    }
  }

  private Path spec(SubmitJob.CheckedJob job, Path base, Path rows) throws IOException {
    ObjectNode spec = json.createObjectNode();
    spec.put("base_model", base.toString()).put("training_file", rows.toString());
    spec.set("adapter", job.adapter());
    spec.put("seed", job.request().spec().seed());
    return Files.writeString(rows.resolveSibling("spec.json"), spec.toString());
  }

  /** Copies whole rows: at most this number, and none that begins after this number of bytes. */
  private static void copyRows(InputStream in, OutputStream out, int rows, long bytes)
      throws IOException {
    boolean blank = true;
    long written = 0;
    int left = rows;
    for (int b = in.read(); left > 0 && b >= 0; b = in.read()) {
      out.write(b);
      written++;
      if (b == '\n') {
        if (!blank) left--;
        if (written >= bytes) return;
        blank = true;
      } else if (b > ' ') {
        blank = false;
      }
    }
  }

  /** Copies one row on its own line: the lines before it are blank. */
  private static void copyRow(InputStream in, OutputStream out, long line) throws IOException {
    long at = 1;
    for (int b = in.read(); at <= line && b >= 0; b = in.read()) {
      if (at == line || b == '\n') out.write(b);
      if (b == '\n') at++;
    }
  }

  /** Runs {@code graft train SPEC.json --preview} or {@code --count} once. */
  static final class InspectionProcess {
    private static final Logger log = LoggerFactory.getLogger(InspectionProcess.class);
    private static final String HEAP = "512m";
    private static final long LONGEST_SECONDS = 60;
    private static final int REQUEST_WRONG = 2;

    /** Some hundred thousand tokens. */
    private static final long MOST_BYTES = 16 << 20;

    private static final String ERROR_PREFIX = "graft: ";

    private InspectionProcess() {}

    /**
     * @param directory for the output; it has all files that the process reads
     * @param options of the command
     * @return the output lines, a JSON object each
     * @throws RequestFailed if the rows are refused
     */
    static List<String> run(Children children, Path directory, Path spec, String... options)
        throws IOException {
      Path out = directory.resolve("out");
      Path errors = directory.resolve("errors");
      List<String> command =
          new ArrayList<>(
              ChildJvm.ofThisProgram(
                  HEAP, "train", spec.toString(), "--out", directory.toString(), "--json"));
      command.addAll(List.of(options));
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
        throw RequestFailed.invalid(
            "rows", "have too much text for one preview: ask for fewer rows");
      }
      throw refusal(
          process.exitValue(), new String(Files.readAllBytes(errors), StandardCharsets.UTF_8));
    }

    private static int ended(Process process) {
      try {
        if (process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) return process.exitValue();
        throw new RequestFailed(
            ProblemType.INVALID_PROMPT,
            "Reading the rows took more than %d s; the chat template may never end"
                .formatted(LONGEST_SECONDS));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RequestFailed(ProblemType.UNAVAILABLE, "The server is stopping");
      } finally {
        // the process must end before its directory is deleted
        process.destroyForcibly().onExit().join();
      }
    }

    private static RequestFailed refusal(int status, String errors) {
      String error =
          errors
              .lines()
              .filter(line -> line.startsWith(ERROR_PREFIX))
              .findFirst()
              .map(line -> line.substring(ERROR_PREFIX.length()))
              .orElse("");
      if (status == REQUEST_WRONG && !error.isEmpty()) {
        return new RequestFailed(ProblemType.INVALID_FILE, error, "training_file");
      }
      // The error may quote a row.
      log.atError()
          .addKeyValue("status", status)
          .addKeyValue("chars", error.length())
          .log("inspection_lost");
      return new RequestFailed(
          ProblemType.INTERNAL, "Reading the rows failed; the server's log has details");
    }
  }

  /**
   * The counts of a training file under a configuration, from {@code graft train --count}.
   *
   * @param rows training rows after packing
   * @param truncatedRows rows that {@code max_length} truncates
   * @param droppedRows rows that it leaves without a token to train
   * @param tokensPerEpoch all tokens, trained or not
   * @param exact false if only the beginning of a large file was counted
   */
  record CountedRows(
      long rows,
      long truncatedRows,
      long droppedRows,
      long tokensPerEpoch,
      long trainedTokensPerEpoch,
      double epochs,
      long totalSteps,
      boolean exact) {
    /**
     * @param copied bytes of the file that were counted, of {@code bytes}
     * @param maxSteps {@code max_steps} of the configuration; 0 = the epochs decide
     */
    static CountedRows of(JsonNode counted, long copied, long bytes, int maxSteps) {
      boolean exact = copied >= bytes;
      double factor = exact ? 1 : (double) bytes / copied;
      double epochs = counted.path("epochs").asDouble();
      return new CountedRows(
          scaled(counted, "rows", factor),
          scaled(counted, "truncated_rows", factor),
          scaled(counted, "dropped_rows", factor),
          scaled(counted, "tokens_per_epoch", factor),
          scaled(counted, "trained_tokens_per_epoch", factor),
          maxSteps > 0 ? epochs / factor : epochs,
          maxSteps > 0 ? maxSteps : scaled(counted, "total_steps", factor),
          exact);
    }

    private static long scaled(JsonNode counted, String name, double factor) {
      return Math.round(counted.path(name).asLong() * factor);
    }

    /** Returns the tokens of the whole run. */
    double tokens() {
      return tokensPerEpoch * epochs;
    }
  }
}
