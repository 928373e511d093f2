package dev.graft.worker;

import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.BlobUse;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.artifacts.StorageFull;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.platform.FileTrees;
import dev.graft.training.RunRequest;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Turns a lease into a run request: everything that it names becomes a local path in the run's own
 * directory, as a link to a copy that stays as long as the run.
 *
 * @param jobs directory of the runs of this process
 * @param tokens directory of tokenised rows, which runs share
 * @param threads CPU threads of a trainer; null = all
 */
record RunPreparation(
    BlobCache blobs, LeaseProtocol protocol, Path jobs, Path tokens, @Nullable Integer threads) {
  private static final Logger log = LoggerFactory.getLogger(RunPreparation.class);

  private static final Predicate<String> ALL = name -> true;

  /**
   * The files of an earlier result that training needs, without other forms and optimiser state.
   */
  private static final Predicate<String> START =
      Set.of(
              "adapter_config.json",
              "adapter_model.safetensors",
              "config.json",
              "trained.safetensors")
          ::contains;

  JobDirectory directory(Lease lease) throws IOException {
    return JobDirectory.make(jobs, lease);
  }

  /**
   * Fetches everything that the lease names, then fills the run's directory. May be repeated.
   *
   * @param stop whether to stop, checked while something is fetched
   * @throws StorageFull if this machine has no room for what the lease names
   * @throws Stopped if {@code stop} returned true
   */
  RunRequest request(Lease lease, JobDirectory directory, Device device, BooleanSupplier stop)
      throws IOException {
    try (BlobUse use = blobs.use(digest -> new Fetched(protocol.open(lease.key(), digest), stop))) {
      expect(lease, use);
      use.blob(lease.trainingFile());
      Digest validation = lease.validationFile();
      if (validation != null) use.blob(validation);
      use.makeRoom();
      use.directory(lease.baseManifest(), ALL);
      if (lease.start() != null) use.directory(lease.start(), START);
      Lease.Resume resume = newestCheckpoint(lease, use);
      return laidOut(lease, resume, directory, device);
    }
  }

  /** The run must end before everything was fetched. */
  static final class Stopped extends IOException {
    private static final long serialVersionUID = 1;
  }

  /** Throws {@link Stopped} as soon as the run must end: a base model may take an hour. */
  private static final class Fetched extends FilterInputStream {
    private final BooleanSupplier stop;

    Fetched(InputStream in, BooleanSupplier stop) {
      super(in);
      this.stop = stop;
    }

    @Override
    public int read() throws IOException {
      if (stop.getAsBoolean()) throw new Stopped();
      return super.read();
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      if (stop.getAsBoolean()) throw new Stopped();
      return super.read(buffer, offset, length);
    }
  }

  /** Sums up everything whose size is known, so that a job that does not fit fetches nothing. */
  private static void expect(Lease lease, BlobUse use) throws IOException {
    use.expect(lease.baseManifest(), ALL);
    if (lease.start() != null) use.expect(lease.start(), START);
    if (!lease.checkpoints().isEmpty()) {
      try {
        use.expect(lease.checkpoints().getFirst().manifest(), ALL);
      } catch (StorageFull | Stopped noVerdict) {
        throw noVerdict;
      } catch (IOException unusable) {
        // Logged when it is fetched.
      }
    }
    use.makeRoom();
  }

  /** Returns the newest checkpoint whose blobs all verify; null = the run begins from the start. */
  private static Lease.@Nullable Resume newestCheckpoint(Lease lease, BlobUse use)
      throws StorageFull, Stopped {
    for (Lease.Resume candidate : lease.checkpoints()) {
      try {
        use.directory(candidate.manifest(), ALL);
        log.atInfo()
            .addKeyValue("job", lease.key().jobId())
            .addKeyValue("step", candidate.step())
            .log("resuming");
        return candidate;
      } catch (StorageFull | Stopped noVerdict) {
        throw noVerdict; // the checkpoint itself may be good
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

  private RunRequest laidOut(
      Lease lease, Lease.@Nullable Resume resume, JobDirectory directory, Device device)
      throws IOException {
    lay(lease.baseManifest(), directory.base(), ALL);
    ManifestDirectory.place(blobs.store(), lease.trainingFile(), directory.training());
    Digest validation = lease.validationFile();
    if (validation != null) {
      ManifestDirectory.place(blobs.store(), validation, directory.validation());
    }
    if (resume != null) lay(resume.manifest(), directory.resumed(), ALL);
    Digest start = lease.start();
    if (start != null) lay(start, directory.start(), START);
    String parent = lease.parentModel();
    return new RunRequest(
        JsonMapper.shared().readTree(lease.adapterJson()),
        lease.seed(),
        new RunRequest.Base(directory.base(), lease.baseModel()),
        new RunRequest.Data(
            directory.training(), validation == null ? null : directory.validation()),
        new RunRequest.Directories(
            directory.output(),
            directory.checkpoints(),
            resume == null ? null : directory.resumed(),
            tokens),
        parent == null
            ? null
            : new RunRequest.Parent(parent, start == null ? null : directory.start()),
        new RunRequest.Machine(
            TrainerCommandLine.device(device.name()),
            threads == null ? 0 : threads,
            device.memory(),
            lease.frugal()));
  }

  private void lay(Digest manifest, Path target, Predicate<String> wanted) throws IOException {
    ManifestDirectory.materialise(blobs.store(), manifest, target, wanted);
  }

  /** The directory of one run, deleted at its end. Its name has the epoch of the lease. */
  record JobDirectory(Path root) implements AutoCloseable {
    static JobDirectory make(Path jobs, Lease lease) throws IOException {
      Path root = jobs.resolve(lease.key().jobId() + "-" + lease.key().epoch());
      FileTrees.delete(root);
      Files.createDirectories(root.resolve("checkpoints"));
      return new JobDirectory(root);
    }

    Path checkpoints() {
      return root.resolve("checkpoints");
    }

    Path base() {
      return root.resolve("base");
    }

    Path training() {
      return root.resolve("training.jsonl");
    }

    Path validation() {
      return root.resolve("validation.jsonl");
    }

    Path resumed() {
      return root.resolve("resume");
    }

    /** Directory of the weights that training begins with. */
    Path start() {
      return root.resolve("start");
    }

    Path output() {
      return root.resolve("result");
    }

    Path errors() {
      return root.resolve("trainer.log");
    }

    @Override
    public void close() throws IOException {
      FileTrees.delete(root);
    }
  }
}
