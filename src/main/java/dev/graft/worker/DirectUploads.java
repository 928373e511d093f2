package dev.graft.worker;

import dev.graft.artifacts.BlobRef;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseWire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Uploads that do not pass through the server: it says where to put them, and is told when they are
 * there. Where it does not, or that place cannot be reached, they go to the server.
 */
final class DirectUploads {
  private static final Logger log = LoggerFactory.getLogger(DirectUploads.class);

  /** A link may have ended when its turn came; the next one is new. */
  private static final int TRIES = 2;

  private final WorkerHttp http;

  /** A server that gives no links, or knows none, is not asked again for the same job. */
  private volatile boolean asked = true;

  DirectUploads(WorkerHttp http) {
    this.http = http;
  }

  void ask() {
    asked = true;
  }

  /** Whether it is done; as {@code LeaseProtocol.put} otherwise. */
  boolean put(LeaseKey key, BlobRef blob, Path file, Duration deadline) throws IOException {
    for (int tried = 0; asked && tried < TRIES; tried++) {
      Optional<LeaseWire.UploadTo> to = link(key, blob, deadline);
      if (to.isEmpty()) return false;
      if (taken(key, to.get(), file, deadline)) {
        HttpResponse<byte[]> answer = post(key, blob, "/arrived", deadline);
        if (answer.statusCode() == 404) continue; // of an older server, or removed meanwhile
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

  /** A stranger, who is told nothing of the server. */
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
