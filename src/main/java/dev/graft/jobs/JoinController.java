package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.WorkerPrincipal;
import dev.graft.platform.FailedAuthentications;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Gives a worker a credential for its join token, and later renews the credential. */
@RestController
class JoinController {
  private static final Logger log = LoggerFactory.getLogger(JoinController.class);
  private static final int LONGEST_NAME = 100;

  private final Workers workers;
  private final Workers.WorkerCredentials credentials;

  private final FailedAuthentications failures;

  JoinController(
      Workers workers, Workers.WorkerCredentials credentials, FailedAuthentications failures) {
    this.workers = workers;
    this.failures = failures;
    this.credentials = credentials;
  }

  @PostMapping(LeaseWire.PATH + "/join")
  ResponseEntity<byte[]> join(HttpServletRequest http, @RequestBody byte[] body) {
    failures.requireFew(http);
    LeaseWire.JoinRequest request = LeaseWire.read(body, LeaseWire.JoinRequest.class);
    String name = request.name();
    String shorter = name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) : name;
    return workers
        .join(request.token(), shorter)
        .map(
            joined -> {
              try (var _ = MDC.putCloseable("worker", joined.workerId())) {
                log.atInfo().log("worker_joined");
              }
              return ResponseEntity.ok()
                  .contentType(MediaType.APPLICATION_JSON)
                  .body(LeaseWire.write(joined));
            })
        .orElseGet(
            () -> {
              failures.failed(http);
              return WorkerErrors.of(
                  HttpStatus.UNAUTHORIZED,
                  "join_token_refused",
                  "The join token is unknown, used or expired");
            });
  }

  @PostMapping(LeaseWire.PATH + "/credential")
  ResponseEntity<byte[]> renew(
      @AuthenticationPrincipal WorkerPrincipal worker, @RequestBody byte[] body) {
    String proposed = LeaseWire.read(body, LeaseWire.RenewRequest.class).credential();
    Instant end = credentials.renew(worker.workerId(), proposed);
    log.atInfo().addKeyValue("expires", end).log("worker_credential_renewed");
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_JSON)
        .body(LeaseWire.write(new LeaseWire.Renewed(end.getEpochSecond())));
  }
}
