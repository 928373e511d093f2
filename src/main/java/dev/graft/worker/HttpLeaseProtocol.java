package dev.graft.worker;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.CheckpointReport;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Directive;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseRefused;
import dev.graft.jobs.lease.LeaseReport;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.TrainingFailure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

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
      // A server too old to ask has given work that it may mean otherwise.
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
    return new StallGuard(response.body(), callTimeout.multipliedBy(3));
  }

  @Override
  public void put(LeaseKey key, BlobRef blob, Path file) throws IOException {
    // A slow link may take long; one that moves less than 100 kB/s is as good as down.
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
}
