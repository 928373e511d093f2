package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.platform.FileTrees;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
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
import java.util.concurrent.Semaphore;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Service;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Rows as the trainer will see them. The tokenizer is native code and the row a stranger's: a child
 * process reads them, with a copy of the first rows and the base model's files except its weights.
 */
@Service
@Profile("server")
class PreviewRows {
  private static final int AT_ONCE = 2;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(2);

  private final ArtifactStore store;
  private final JsonMapper json;
  private final Semaphore free = new Semaphore(AT_ONCE);

  PreviewRows(ArtifactStore store, JsonMapper json) {
    this.store = store;
    this.json = json;
  }

  /**
   * @throws RequestFailed if a row is refused, or too many previews are being made
   */
  List<JsonNode> of(SubmitJob.Checked job, int count) {
    if (!free.tryAcquire()) {
      throw new RequestFailed(ProblemType.UNAVAILABLE, "Other previews are being made; try again")
          .retryAfter(RETRY_AFTER);
    }
    try {
      Path directory = Files.createTempDirectory("graft-preview-");
      try {
        return PreviewProcess.run(directory, spec(job, count, directory), count).stream()
            .map(json::readTree)
            .toList();
      } finally {
        FileTrees.delete(directory);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a preview could not be made", e);
    } finally {
      free.release();
    }
  }

  private Path spec(SubmitJob.Checked job, int count, Path directory) throws IOException {
    Path base = directory.resolve("base");
    ManifestDirectory.materialise(
        store, job.base().manifest(), base, name -> !name.endsWith(".safetensors"));
    Path rows = directory.resolve("rows.jsonl");
    copyRows(job.training().digest(), count, rows);
    ObjectNode spec = json.createObjectNode();
    spec.put("base_model", base.toString()).put("training_file", rows.toString());
    spec.set("adapter", job.adapter());
    spec.put("seed", job.request().spec().seed());
    return Files.writeString(directory.resolve("spec.json"), spec.toString());
  }

  private void copyRows(Digest digest, int count, Path target) throws IOException {
    try (InputStream in = new BufferedInputStream(store.open(digest));
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(target))) {
      boolean blank = true;
      for (int left = count, b = in.read(); left > 0 && b >= 0; b = in.read()) {
        out.write(b);
        if (b == '\n') {
          if (!blank) left--;
          blank = true;
        } else if (b > ' ') {
          blank = false;
        }
      }
    }
  }
}
