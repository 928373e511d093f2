package dev.graft.worker;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.Manifest.InvalidManifest;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends checkpoints of one run to the server, after all reports up to the checkpoint: the run that
 * continues from it does not repeat them.
 */
final class RunCheckpoints {
  private static final Logger log = LoggerFactory.getLogger(RunCheckpoints.class);

  private final LeaseProtocol protocol;
  private final LeaseKey key;
  private final DirectoryUpload uploads;
  private final RunReporter reporter;
  private @Nullable Unsent unsent;

  /**
   * @param report with the numbers that the run had when it made the checkpoint
   */
  private record Unsent(Path directory, Function<Digest, CheckpointReport> report) {}

  RunCheckpoints(
      LeaseProtocol protocol, LeaseKey key, DirectoryUpload uploads, RunReporter reporter) {
    this.protocol = protocol;
    this.key = key;
    this.uploads = uploads;
    this.reporter = reporter;
  }

  /** Commits a checkpoint. If it cannot be sent now, the next one will be. */
  void commit(TrainingEvent.Checkpoint checkpoint, Heartbeats beats) {
    unsent =
        new Unsent(
            Path.of(checkpoint.directory()),
            reporter.checkpoint(Math.toIntExact(checkpoint.step())));
    try {
      sendUnsent(beats);
    } catch (IOException | UncheckedIOException | LeaseRefused e) {
      left(e);
    }
  }

  /**
   * Sends the newest checkpoint, if that is still to be done. May be repeated.
   *
   * @param until when to give up, by {@link System#nanoTime}, so that the job is not kept
   * @throws UncheckedIOException if the server does not accept it now
   */
  void sendLast(long until, Heartbeats beats) {
    try {
      sendUnsent(beats);
    } catch (UncheckedIOException unanswered) {
      if (System.nanoTime() - until < 0) throw unanswered;
      left(unanswered);
    } catch (IOException | LeaseRefused e) {
      left(e);
    }
  }

  private void sendUnsent(Heartbeats beats) throws IOException {
    if (unsent == null) return;
    Digest manifest = uploads.directory(unsent.directory());
    beats.flush();
    protocol.checkpoint(key, unsent.report().apply(manifest));
    unsent = null;
  }

  private void left(Exception why) {
    log.atWarn()
        .addKeyValue("job", key.jobId())
        .addKeyValue("cause", why.getMessage())
        .log("checkpoint_not_committed");
  }

  /** Uploads directories of one lease: every file by its digest, then their manifest. */
  static final class DirectoryUpload {
    private final LeaseProtocol protocol;
    private final LeaseKey key;
    private final Set<Digest> sent = new HashSet<>();

    DirectoryUpload(LeaseProtocol protocol, LeaseKey key) {
      this.protocol = protocol;
      this.key = key;
    }

    /**
     * Uploads a directory, without files that were sent before; returns the digest of its manifest.
     *
     * @throws LeaseRefused if it cannot have a manifest: then nothing is sent
     */
    Digest directory(Path directory) throws IOException {
      TreeMap<String, BlobRef> files = new TreeMap<>();
      for (Path file : regularFiles(directory)) {
        files.put(directory.relativize(file).toString(), BlobRef.of(file));
      }
      byte[] json = json(files);
      for (Map.Entry<String, BlobRef> file : files.entrySet()) {
        send(file.getValue(), directory.resolve(file.getKey()));
      }
      Path manifest = Files.createTempFile(directory.getParent(), "manifest-", ".json");
      try {
        Files.write(manifest, json);
        BlobRef blob = new BlobRef(Digest.of(json), json.length);
        send(blob, manifest);
        return blob.sha256();
      } finally {
        Files.deleteIfExists(manifest);
      }
    }

    private static byte[] json(TreeMap<String, BlobRef> files) {
      try {
        return new Manifest(files).toJson();
      } catch (InvalidManifest unfit) {
        throw new LeaseRefused("manifest: " + unfit.getMessage()); // as the server would answer
      }
    }

    private void send(BlobRef blob, Path file) throws IOException {
      if (sent.contains(blob.sha256())) return;
      protocol.put(key, blob, file);
      sent.add(blob.sha256());
    }

    private static List<Path> regularFiles(Path directory) throws IOException {
      try (Stream<Path> tree = Files.walk(directory)) {
        List<Path> files = tree.filter(file -> !Files.isDirectory(file, NOFOLLOW_LINKS)).toList();
        for (Path file : files) {
          // a link may lead to files that the trainer must not read
          if (Files.isRegularFile(file, NOFOLLOW_LINKS)) continue;
          throw new LeaseRefused(directory.relativize(file) + " is not a file");
        }
        return files.stream().sorted().toList();
      }
    }
  }
}
