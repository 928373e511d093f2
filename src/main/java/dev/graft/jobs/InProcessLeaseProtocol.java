package dev.graft.jobs;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.Directive;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.context.annotation.Profile;
import org.springframework.dao.DataAccessException;
import org.springframework.stereotype.Component;
import org.springframework.transaction.TransactionException;

/** The worker API without HTTP, for {@code role=all}, with the same desk and the same fences. */
@Component
@Profile("server & worker")
class InProcessLeaseProtocol implements LeaseProtocol {
  /**
   * Short, because a worker that shuts down waits for the answer, and asking again is cheap here.
   */
  private static final Duration LONGEST_CLAIM = Duration.ofSeconds(1);

  private final Claims claims;
  private final LeaseDesk desk;
  private final Publication publication;
  private final LeaseBlobs blobs;
  private final Workers workers;
  private @Nullable String workerId;

  InProcessLeaseProtocol(
      Claims claims, LeaseDesk desk, Publication publication, LeaseBlobs blobs, Workers workers) {
    this.claims = claims;
    this.desk = desk;
    this.publication = publication;
    this.blobs = blobs;
    this.workers = workers;
  }

  @Override
  public Optional<Lease> claim(Device device, Duration wait, UUID request) {
    Duration shorter = wait.compareTo(LONGEST_CLAIM) < 0 ? wait : LONGEST_CLAIM;
    return reached(
        () -> {
          try {
            String worker = worker(device);
            workers.seenInProcess(worker);
            try (var _ = MDC.putCloseable("worker", worker)) {
              return claims.claim(worker, device, shorter, request);
            }
          } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            return Optional.empty();
          }
        });
  }

  private synchronized String worker(Device device) {
    if (workerId == null) {
      workerId = workers.registerInProcess("in-process", device.workerClass());
    }
    return workerId;
  }

  @Override
  public Directive renew(LeaseKey key, LeaseReport report) {
    return reached(() -> desk.renew(key, report));
  }

  @Override
  public void checkpoint(LeaseKey key, CheckpointReport report) {
    done(() -> desk.checkpoint(key, report));
  }

  @Override
  public void complete(LeaseKey key, Digest manifest) {
    done(() -> publication.complete(key, manifest));
  }

  @Override
  public void fail(LeaseKey key, TrainingFailure failure) {
    done(() -> desk.fail(key, failure));
  }

  @Override
  public void release(LeaseKey key) {
    done(() -> desk.release(key));
  }

  @Override
  public void decline(LeaseKey key) {
    done(() -> desk.decline(key));
  }

  @Override
  public InputStream open(LeaseKey key, Digest digest) throws IOException {
    return WorkerConnections.use(() -> blobs.open(key, digest));
  }

  @Override
  public void put(LeaseKey key, BlobRef blob, Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      WorkerConnections.use(
          () -> {
            desk.put(key, blob, in);
            return true;
          });
    }
  }

  private interface Call {
    void run() throws IOException;
  }

  private static void done(Call call) {
    reached(
        () -> {
          call.run();
          return true;
        });
  }

  /** Reports an unreachable database as an unreachable server. */
  private static <T> T reached(ScopedValue.CallableOp<T, IOException> call) {
    try {
      return WorkerConnections.use(call);
    } catch (DataAccessException | TransactionException away) {
      throw new UncheckedIOException(new IOException("database: " + away.getMessage(), away));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
