package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.datasets.TrainableRows;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.Children;
import dev.graft.platform.ConcurrencyLimit;
import dev.graft.platform.FileTrees;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.springframework.stereotype.Service;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Rows as the trainer will see them. The tokenizer is native code and the row a stranger's: a child
 * process reads them, with a copy of the first rows and the base model's files except its weights.
 */
@Service
class RowInspection {
  private static final int AT_ONCE = 2;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

  /** Of a file, as much is counted as two processors tokenise in six seconds. */
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
   * @return a JSON object for each row, or two for a pair
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
   * What the whole file comes to, from its first {@link #COUNTED_BYTES}.
   *
   * @throws dev.graft.platform.RequestFailed if a row is refused, or too many files are being read
   */
  CountedRows count(SubmitJob.CheckedJob job) {
    return read(
        job,
        (in, out) -> copyRows(in, out, Integer.MAX_VALUE, COUNTED_BYTES),
        (directory, spec, copied) -> {
          List<String> said = InspectionProcess.run(children, directory, spec, "--count");
          return CountedRows.of(
              json.readTree(said.getFirst()),
              copied,
              job.training().bytes(),
              job.request().spec().training().schedule().maxSteps());
        });
  }

  /**
   * Has the first row that calls tools read with the base model, whose chat template may not know
   * them. A file without such rows costs no process.
   *
   * @throws dev.graft.platform.RequestFailed if it leaves them out, or too many files are being
   *     read
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
     * @param copied bytes of the file that are there to be read
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

  /** Whole rows: the first so many, and none that begins behind so many bytes. */
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

  /** One row, on the line where it stands: those before it are blank. */
  private static void copyRow(InputStream in, OutputStream out, long line) throws IOException {
    long at = 1;
    for (int b = in.read(); at <= line && b >= 0; b = in.read()) {
      if (at == line || b == '\n') out.write(b);
      if (b == '\n') at++;
    }
  }
}
