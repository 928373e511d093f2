package dev.graft.worker;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease;
import dev.graft.training.protocol.RunRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/** Turns a lease into a run request: everything it names becomes a local path. */
final class RunPreparation {
  private static final Logger log = LoggerFactory.getLogger(RunPreparation.class);

  private static final Set<String> START =
      Set.of(
          "adapter_config.json", "adapter_model.safetensors", "config.json", "trained.safetensors");

  private final BlobCopies blobs;
  private final @Nullable Integer threads;

  RunPreparation(BlobCopies blobs, @Nullable Integer threads) {
    this.blobs = blobs;
    this.threads = threads;
  }

  RunRequest request(Lease lease, JobDirectory directory) throws IOException {
    Path model = blobs.model(lease.key(), lease.baseManifest());
    Path training = blobs.file(lease.key(), lease.trainingFile());
    Path validation =
        lease.validationFile() == null ? null : blobs.file(lease.key(), lease.validationFile());
    Path resume = newestCheckpoint(lease, directory);
    Path start = start(lease, directory);
    return new RunRequest(
        JsonMapper.shared().readTree(lease.adapterJson()),
        lease.seed(),
        model.toString(),
        lease.baseModel(),
        training.toString(),
        validation == null ? null : validation.toString(),
        directory.output().toString(),
        directory.checkpoints().toString(),
        resume == null ? null : resume.toString(),
        threads,
        start == null ? null : start.toString());
  }

  /** What an earlier job made, without other forms of it and its optimiser's state. */
  private @Nullable Path start(Lease lease, JobDirectory directory) throws IOException {
    Digest manifest = lease.start();
    if (manifest == null) return null;
    blobs.directory(lease.key(), manifest, directory.start(), START::contains);
    return directory.start();
  }

  /**
   * The newest checkpoint whose every blob verifies, else the one before; null = from the start.
   */
  private @Nullable Path newestCheckpoint(Lease lease, JobDirectory directory) {
    List<Lease.Resume> candidates = lease.checkpoints();
    for (int i = 0; i < candidates.size(); i++) {
      Lease.Resume candidate = candidates.get(i);
      try {
        Path target = directory.resumed(i);
        blobs.directory(lease.key(), candidate.manifest(), target);
        log.atInfo()
            .addKeyValue("job", lease.key().jobId())
            .addKeyValue("step", candidate.step())
            .log("resuming");
        return target;
      } catch (IOException unusable) {
        log.atWarn()
            .addKeyValue("job", lease.key().jobId())
            .addKeyValue("step", candidate.step())
            .addKeyValue("cause", unusable.getMessage())
            .log("checkpoint_unusable");
      }
    }
    return null;
  }
}
