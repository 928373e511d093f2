package dev.graft.worker;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.Directive;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.jobs.lease.LeaseWire;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The worker API over HTTP. Every call has a deadline; a stalled download ends too. */
final class HttpLeaseProtocol implements LeaseProtocol {
  private final WorkerHttp http;
  private final Duration callTimeout;
  private final DirectUploads direct;

  HttpLeaseProtocol(WorkerHttp http, Duration callTimeout) {
    this.http = http;
    this.callTimeout = callTimeout;
    this.direct = new DirectUploads(http);
  }

  @Override
  public Optional<Lease> claim(Device device, Duration wait, UUID requestId) {
    HttpRequest request =
        http.request("/leases", callTimeout.plus(wait))
            .POST(json(new LeaseWire.ClaimRequest(wait.toMillis(), device, requestId)))
            .build();
    HttpResponse<byte[]> response = http.send(request);
    if (response.statusCode() == 204) return Optional.empty();
    direct.ask();
    requireSuccess(response.statusCode(), response.body(), null);
    Lease lease = LeaseWire.read(response.body(), Lease.class);
    Optional<String> mismatch = WorkerHttp.mismatch(response);
    if (mismatch.isPresent()) {
      // A server that is too old to check versions has given work that this worker may misread.
      release(lease.key());
      throw new LeaseRefused(mismatch.get());
    }
    return Optional.of(lease);
  }

  @Override
  public Directive renew(LeaseKey key, LeaseReport report) {
    return LeaseWire.read(post(key, "/renew", report), Directive.class);
  }

  @Override
  public void checkpoint(LeaseKey key, CheckpointReport report) {
    post(key, "/checkpoints", report);
  }

  @Override
  public void complete(LeaseKey key, Digest manifest) {
    post(key, "/complete", new LeaseWire.CompleteRequest(manifest));
  }

  @Override
  public void fail(LeaseKey key, TrainingFailure failure) {
    post(key, "/fail", failure);
  }

  @Override
  public void release(LeaseKey key) {
    post(key, "/release", new LeaseWire.ReleaseRequest(false));
  }

  @Override
  public void decline(LeaseKey key) {
    post(key, "/release", new LeaseWire.ReleaseRequest(true));
  }

  @Override
  public InputStream open(LeaseKey key, Digest digest) {
    HttpResponse<InputStream> response =
        http.open(about(key, "/blobs/" + digest, callTimeout).GET().build());
    if (response.statusCode() != 200) {
      try (InputStream body = response.body()) {
        requireSuccess(response.statusCode(), body.readNBytes(4096), key);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return new WorkerHttp.StallGuard(response.body(), callTimeout.multipliedBy(3));
  }

  @Override
  public void put(LeaseKey key, BlobRef blob, Path file) throws IOException {
    // A slow connection may take long, but one below 100 kB/s counts as broken.
    Duration deadline = callTimeout.plusMillis(blob.bytes() / 100);
    if (direct.put(key, blob, file, deadline)) return;
    HttpRequest request =
        about(key, "/blobs/" + blob.sha256(), deadline).PUT(BodyPublishers.ofFile(file)).build();
    HttpResponse<byte[]> response = http.send(request);
    requireSuccess(response.statusCode(), response.body(), key);
  }

  private byte[] post(LeaseKey key, String path, Object body) {
    HttpResponse<byte[]> response =
        http.send(about(key, path, callTimeout).POST(json(body)).build());
    requireSuccess(response.statusCode(), response.body(), key);
    return response.body();
  }

  private HttpRequest.Builder about(LeaseKey key, String path, Duration deadline) {
    return http.request(key, path, deadline);
  }

  private static HttpRequest.BodyPublisher json(Object body) {
    return BodyPublishers.ofByteArray(LeaseWire.write(body));
  }

  static void requireSuccess(int status, byte[] body, @Nullable LeaseKey key) {
    if (key != null
        && status == 409
        && WorkerHttp.refusal(body).code().equals(LeaseWire.LEASE_LOST)) {
      throw new LeaseLost(key);
    }
    WorkerHttp.requireSuccess(status, body);
  }

  /**
   * Uploads that go directly to the store: the server gives a link, and is notified when the upload
   * has arrived. Without a link, or if the store cannot be reached, uploads go to the server.
   */
  static final class DirectUploads {
    private static final Logger log = LoggerFactory.getLogger(DirectUploads.class);

    /** A link may have expired before it was used; the second one is new. */
    private static final int TRIES = 2;

    private final WorkerHttp http;

    /** False after a server without links has answered, until the next job. */
    private volatile boolean asked = true;

    DirectUploads(WorkerHttp http) {
      this.http = http;
    }

    void ask() {
      asked = true;
    }

    /** Returns whether the blob was uploaded directly; throws as {@code LeaseProtocol.put} does. */
    boolean put(LeaseKey key, BlobRef blob, Path file, Duration deadline) throws IOException {
      for (int tried = 0; asked && tried < TRIES; tried++) {
        Optional<LeaseWire.UploadTo> to = link(key, blob, deadline);
        if (to.isEmpty()) return false;
        if (taken(key, to.get(), file, deadline)) {
          HttpResponse<byte[]> answer = post(key, blob, "/arrived", deadline);
          if (answer.statusCode() == 404)
            continue; // an older server, or the upload was removed meanwhile
          HttpLeaseProtocol.requireSuccess(answer.statusCode(), answer.body(), key);
          return true;
        }
      }
      return false;
    }

    private Optional<LeaseWire.UploadTo> link(LeaseKey key, BlobRef blob, Duration deadline) {
      HttpResponse<byte[]> answer = post(key, blob, "/link", deadline);
      switch (answer.statusCode()) {
        case 204 -> {
          return Optional.empty();
        }
        case 404, 405 -> {
          asked = false;
          return Optional.empty();
        }
        default -> {
          HttpLeaseProtocol.requireSuccess(answer.statusCode(), answer.body(), key);
          return Optional.of(LeaseWire.read(answer.body(), LeaseWire.UploadTo.class));
        }
      }
    }

    private HttpResponse<byte[]> post(LeaseKey key, BlobRef blob, String what, Duration deadline) {
      byte[] body = LeaseWire.write(new LeaseWire.OfferedUpload(blob.bytes()));
      return http.send(
          http.request(key, "/blobs/" + blob.sha256() + what, deadline)
              .POST(BodyPublishers.ofByteArray(body))
              .build());
    }

    /** Uploads to the store, which gets neither the credential nor the lease. */
    private boolean taken(LeaseKey key, LeaseWire.UploadTo to, Path file, Duration deadline)
        throws IOException {
      URI place = URI.create(to.url());
      HttpRequest.Builder put =
          HttpRequest.newBuilder(place).timeout(deadline).PUT(BodyPublishers.ofFile(file));
      to.headers().forEach(put::header);
      String cause;
      try {
        int status = http.send(put.build()).statusCode();
        if (status / 100 == 2) return true;
        cause = "it answered " + status;
      } catch (UncheckedIOException unreached) {
        cause = String.valueOf(unreached.getMessage());
      }
      log.atWarn()
          .addKeyValue("job", key.jobId())
          .addKeyValue("place", place.getHost())
          .addKeyValue("cause", cause)
          .log("direct_upload_failed");
      return false;
    }
  }
}
