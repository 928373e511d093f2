package dev.graft.inference;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.WorkerPrincipal;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.springframework.core.io.InputStreamResource;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.core.JacksonException;

/** The part of the worker API for calls. */
@RestController
@RequestMapping(LeaseWire.PATH + InferenceCall.PATH)
class CallController {
  private final CallBoard board;
  private final ArtifactStore store;

  CallController(CallBoard board, ArtifactStore store) {
    this.board = board;
    this.store = store;
  }

  @PostMapping
  ResponseEntity<byte[]> take(
      @AuthenticationPrincipal WorkerPrincipal worker, @RequestBody byte[] body)
      throws InterruptedException {
    Optional<InferenceCall> call =
        board.take(worker.workerId(), LeaseWire.read(body, InferenceCall.Wanted.class));
    return call.map(CallController::json).orElseGet(() -> ResponseEntity.noContent().build());
  }

  @PostMapping("/{call}/replies")
  ResponseEntity<Void> report(
      @AuthenticationPrincipal WorkerPrincipal worker,
      @PathVariable String call,
      @RequestBody byte[] body) {
    InferenceCall.CallReport report = LeaseWire.read(body, InferenceCall.CallReport.class);
    board.report(worker.workerId(), call, report);
    return ResponseEntity.noContent().build();
  }

  @GetMapping("/{call}/blobs/{digest}")
  ResponseEntity<InputStreamResource> open(
      @AuthenticationPrincipal WorkerPrincipal worker,
      @PathVariable String call,
      @PathVariable String digest,
      @RequestHeader(LeaseWire.FOLLOWS_HEADER) Optional<String> follows)
      throws IOException {
    if (!reaches(board.held(worker.workerId(), call).manifests(), digest)) {
      throw new CallBoard.CallGone();
    }
    Digest blob = new Digest(digest);
    Optional<URI> link = follows.isPresent() ? store.workerLink(blob) : Optional.empty();
    if (link.isPresent()) {
      return ResponseEntity.status(HttpStatus.FOUND).location(link.get()).build();
    }
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_OCTET_STREAM)
        .body(new InputStreamResource(store.open(blob)));
  }

  /** Returns whether the digest is one of the manifests or of their files. */
  private boolean reaches(List<Digest> manifests, String hex) throws IOException {
    for (Digest manifest : manifests) {
      boolean named =
          ManifestDirectory.read(store, manifest).files().values().stream()
              .anyMatch(file -> file.sha256().hex().equals(hex));
      if (named || manifest.hex().equals(hex)) return true;
    }
    return false;
  }

  @ExceptionHandler
  ResponseEntity<byte[]> gone(CallBoard.CallGone gone) {
    return error(HttpStatus.GONE, "call_gone", "No server waits for this call");
  }

  @ExceptionHandler
  ResponseEntity<byte[]> unreadable(JacksonException unreadable) {
    return error(HttpStatus.BAD_REQUEST, "bad_request", "The body is invalid");
  }

  private static ResponseEntity<byte[]> json(Object value) {
    return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(LeaseWire.write(value));
  }

  private static ResponseEntity<byte[]> error(HttpStatus status, String code, String message) {
    Map<String, Object> error = Map.of("error", Map.of("code", code, "message", message));
    return ResponseEntity.status(status)
        .contentType(MediaType.APPLICATION_JSON)
        .body(LeaseWire.write(error));
  }
}
