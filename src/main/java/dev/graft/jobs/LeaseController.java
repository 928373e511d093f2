package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.WorkerPrincipal;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** The worker API over HTTP. */
@RestController
@RequestMapping(LeaseWire.PATH + "/leases")
class LeaseController {
  private final Claims claims;
  private final LeaseDesk desk;
  private final Publication publication;

  LeaseController(Claims claims, LeaseDesk desk, Publication publication) {
    this.claims = claims;
    this.desk = desk;
    this.publication = publication;
  }

  @PostMapping
  ResponseEntity<byte[]> claim(
      @AuthenticationPrincipal WorkerPrincipal worker, @RequestBody byte[] body)
      throws InterruptedException {
    LeaseWire.ClaimRequest request = LeaseWire.read(body, LeaseWire.ClaimRequest.class);
    Device device = request.device() == null ? Device.UNKNOWN : request.device();
    Duration wait = Duration.ofMillis(Math.max(request.waitMs(), 0));
    Optional<Lease> lease = claims.claim(worker.workerId(), device, wait, request.request());
    return lease.map(LeaseController::json).orElseGet(() -> ResponseEntity.noContent().build());
  }

  @PostMapping("/{job}/renew")
  ResponseEntity<byte[]> renew(
      @PathVariable String job,
      @RequestHeader(LeaseWire.LEASE_HEADER) String lease,
      @RequestBody byte[] body) {
    return json(desk.renew(LeaseWire.key(job, lease), LeaseWire.read(body, LeaseReport.class)));
  }

  @PostMapping("/{job}/checkpoints")
  ResponseEntity<Void> checkpoint(
      @PathVariable String job,
      @RequestHeader(LeaseWire.LEASE_HEADER) String lease,
      @RequestBody byte[] body)
      throws IOException {
    desk.checkpoint(LeaseWire.key(job, lease), LeaseWire.read(body, CheckpointReport.class));
    return ResponseEntity.noContent().build();
  }

  @PostMapping("/{job}/complete")
  ResponseEntity<Void> complete(
      @PathVariable String job,
      @RequestHeader(LeaseWire.LEASE_HEADER) String lease,
      @RequestBody byte[] body)
      throws IOException {
    Digest manifest = LeaseWire.read(body, LeaseWire.CompleteRequest.class).manifest();
    publication.complete(LeaseWire.key(job, lease), manifest);
    return ResponseEntity.noContent().build();
  }

  @PostMapping("/{job}/fail")
  ResponseEntity<Void> fail(
      @PathVariable String job,
      @RequestHeader(LeaseWire.LEASE_HEADER) String lease,
      @RequestBody byte[] body) {
    desk.fail(LeaseWire.key(job, lease), LeaseWire.read(body, TrainingFailure.class));
    return ResponseEntity.noContent().build();
  }

  @PostMapping("/{job}/release")
  ResponseEntity<Void> release(
      @PathVariable String job,
      @RequestHeader(LeaseWire.LEASE_HEADER) String lease,
      @RequestBody(required = false) byte @Nullable [] body) {
    LeaseKey key = LeaseWire.key(job, lease);
    if (LeaseWire.declined(body)) desk.decline(key);
    else desk.release(key);
    return ResponseEntity.noContent().build();
  }

  private static ResponseEntity<byte[]> json(Object value) {
    return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(LeaseWire.write(value));
  }
}
