package dev.graft.jobs;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.Manifest;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.IntStream;
import org.springframework.boot.test.context.TestComponent;

/** A worker whose every step a test takes. */
@TestComponent
public class HandWorker {
  private final LeaseProtocol protocol;

  HandWorker(
      Claims claims, LeaseDesk desk, Publication publication, LeaseBlobs blobs, Workers workers) {
    protocol = new InProcessLeaseProtocol(claims, desk, publication, blobs, workers);
  }

  /** Takes the next job. */
  public LeaseKey claim() {
    return claim(Device.UNKNOWN);
  }

  public LeaseKey claim(Device device) {
    return protocol.claim(device, Duration.ZERO, UUID.randomUUID()).orElseThrow().key();
  }

  /** Tells where the run is, and of its device. */
  public void report(LeaseKey key, LeaseReport.Progress progress, long tokens, Device device) {
    protocol.renew(
        key,
        new LeaseReport(progress.step(), null, progress, tokens, List.of(), List.of(), device));
  }

  public void fail(LeaseKey key, TrainingFailure failure) {
    protocol.fail(key, failure);
  }

  public Digest upload(LeaseKey key, byte[] content) {
    try {
      Path file = Files.createTempFile("upload", null);
      try {
        Files.write(file, content);
        BlobRef blob = BlobRef.of(file);
        protocol.put(key, blob, file);
        return blob.sha256();
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Uploads a directory of one file; returns its manifest. */
  public Digest uploadDirectory(LeaseKey key, byte[] content) {
    BlobRef file = new BlobRef(upload(key, content), content.length);
    return upload(key, new Manifest(new TreeMap<>(Map.of("weights.txt", file))).toJson());
  }

  /**
   * Tells of steps made.
   *
   * @param number of this report, higher than that of the one before
   */
  public void report(LeaseKey key, long number, int... steps) {
    List<LeaseReport.Metrics> metrics =
        IntStream.of(steps)
            .mapToObj(step -> new LeaseReport.Metrics(step, Map.of("train_loss", 1.0 / step)))
            .toList();
    protocol.renew(key, new LeaseReport(number, null, null, 0, metrics, List.of(), null));
  }

  public void checkpoint(LeaseKey key, int step, Digest manifest) {
    protocol.checkpoint(key, new CheckpointReport(step, manifest, Map.of(), null, null));
  }

  public void complete(LeaseKey key, Digest manifest) {
    protocol.complete(key, manifest);
  }

  public void release(LeaseKey key) {
    protocol.release(key);
  }
}
