package dev.graft.jobs;

import dev.graft.artifacts.BlobMismatch;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Optional;
import org.springframework.core.io.InputStreamResource;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** Downloads and uploads of workers for their leases. */
@RestController
@RequestMapping(LeaseWire.PATH + "/leases")
class LeaseBlobController {
  private final LeaseBlobs blobs;
  private final LeaseDesk desk;

  LeaseBlobController(LeaseBlobs blobs, LeaseDesk desk) {
    this.blobs = blobs;
    this.desk = desk;
  }

  @GetMapping("/{job}/blobs/{digest}")
  ResponseEntity<InputStreamResource> open(
      @PathVariable String job,
      @PathVariable String digest,
      @RequestHeader(LeaseWire.LEASE_HEADER) String lease,
      @RequestHeader(LeaseWire.FOLLOWS_HEADER) Optional<String> follows)
      throws IOException {
    LeaseKey key = LeaseWire.key(job, lease);
    if (follows.isPresent()) {
      Optional<URI> link = blobs.link(key, digest(digest));
      if (link.isPresent()) {
        return ResponseEntity.status(HttpStatus.FOUND).location(link.get()).build();
      }
    }
    InputStream in = blobs.open(key, digest(digest));
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_OCTET_STREAM)
        .body(new InputStreamResource(in));
  }

  @PutMapping("/{job}/blobs/{digest}")
  ResponseEntity<Void> put(
      @PathVariable String job,
      @PathVariable String digest,
      @RequestHeader(LeaseWire.LEASE_HEADER) String lease,
      @RequestHeader("content-length") long bytes,
      InputStream body)
      throws IOException {
    LeaseKey key = LeaseWire.key(job, lease);
    try {
      desk.put(key, new BlobRef(digest(digest), bytes), body);
    } catch (BlobMismatch mismatch) {
      throw new LeaseRefused("the content does not have the announced size and digest");
    }
    return ResponseEntity.noContent().build();
  }

  /** Answers 404 if all uploads go to the server, and 204 if this one does. */
  @PostMapping("/{job}/blobs/{digest}/link")
  ResponseEntity<byte[]> link(
      @PathVariable String job,
      @PathVariable String digest,
      @RequestHeader(LeaseWire.LEASE_HEADER) String lease,
      @RequestBody byte[] body)
      throws IOException {
    if (!blobs.givesUploadLinks()) {
      return WorkerErrors.of(HttpStatus.NOT_FOUND, "no_upload_links", "Upload to the server");
    }
    return desk.uploadLink(LeaseWire.key(job, lease), blob(digest, body))
        .map(link -> new LeaseWire.UploadTo(link.url().toString(), link.headers()))
        .map(to -> ResponseEntity.ok(LeaseWire.write(to)))
        .orElseGet(() -> ResponseEntity.noContent().build());
  }

  @PostMapping("/{job}/blobs/{digest}/arrived")
  ResponseEntity<Void> arrived(
      @PathVariable String job,
      @PathVariable String digest,
      @RequestHeader(LeaseWire.LEASE_HEADER) String lease,
      @RequestBody byte[] body)
      throws IOException {
    try {
      blobs.arrived(LeaseWire.key(job, lease), blob(digest, body));
    } catch (BlobMismatch mismatch) {
      throw new LeaseRefused("the content does not have the announced size and digest");
    }
    return ResponseEntity.noContent().build();
  }

  private static BlobRef blob(String digest, byte[] body) {
    long bytes = LeaseWire.read(body, LeaseWire.OfferedUpload.class).bytes();
    if (bytes < 0) throw new LeaseRefused("the length must not be negative");
    return new BlobRef(digest(digest), bytes);
  }

  private static Digest digest(String hex) {
    try {
      return new Digest(hex);
    } catch (IllegalArgumentException e) {
      throw new LeaseRefused("the name of a blob is its SHA-256 in lower-case hexadecimal");
    }
  }
}
