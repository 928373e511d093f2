package dev.graft.jobs;

import dev.graft.artifacts.BlobMissing;
import dev.graft.artifacts.Manifest.InvalidManifest;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseProtocol.UploadsExceeded;
import dev.graft.jobs.lease.LeaseWire;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import tools.jackson.core.JacksonException;

/**
 * Errors of the worker API, in the same envelope as all errors. A lost lease is 409, which a worker
 * does not retry; an exception without a handler here is a server error, which it retries.
 */
@RestControllerAdvice(
    assignableTypes = {LeaseController.class, LeaseBlobController.class, JoinController.class})
@Order(Ordered.HIGHEST_PRECEDENCE)
class WorkerErrors {
  @ExceptionHandler
  ResponseEntity<byte[]> lost(LeaseLost lost) {
    return of(HttpStatus.CONFLICT, LeaseWire.LEASE_LOST, "The lease is no longer held");
  }

  @ExceptionHandler
  ResponseEntity<byte[]> refused(LeaseRefused refused) {
    return of(HttpStatus.UNPROCESSABLE_ENTITY, "lease_refused", refused.reason());
  }

  @ExceptionHandler
  ResponseEntity<byte[]> tooMuch(UploadsExceeded exceeded) {
    return of(HttpStatus.CONTENT_TOO_LARGE, "uploads_exceeded", exceeded.reason());
  }

  @ExceptionHandler
  ResponseEntity<byte[]> noManifest(InvalidManifest invalid) {
    return of(
        HttpStatus.UNPROCESSABLE_ENTITY, "lease_refused", "manifest: " + invalid.getMessage());
  }

  @ExceptionHandler
  ResponseEntity<byte[]> missing(BlobMissing missing) {
    return of(HttpStatus.NOT_FOUND, "blob_missing", "The blob is not in the store");
  }

  @ExceptionHandler
  ResponseEntity<byte[]> unreadable(JacksonException unreadable) {
    return of(HttpStatus.BAD_REQUEST, "bad_request", "The request body cannot be read");
  }

  static ResponseEntity<byte[]> of(HttpStatus status, String code, String message) {
    return ResponseEntity.status(status)
        .contentType(MediaType.APPLICATION_JSON)
        .header("x-should-retry", "false")
        .body(envelope(code, message));
  }

  static byte[] envelope(String code, String message) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("message", message);
    error.put("type", "invalid_request_error");
    error.put("param", null);
    error.put("code", code);
    return LeaseWire.write(Map.of("error", error));
  }
}
