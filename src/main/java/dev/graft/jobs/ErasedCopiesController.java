package dev.graft.jobs;

import dev.graft.artifacts.ErasedContent;
import dev.graft.jobs.lease.LeaseWire;
import java.io.IOException;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

/** Answers which copies of a worker belong to departments that are being erased. */
@RestController
class ErasedCopiesController {
  private final ErasedContent content;

  ErasedCopiesController(ErasedContent content) {
    this.content = content;
  }

  @PostMapping(LeaseWire.PATH + LeaseWire.ERASED_COPIES)
  ResponseEntity<byte[]> erased(@RequestBody byte[] body) throws IOException {
    LeaseWire.HeldCopies held = LeaseWire.read(body, LeaseWire.HeldCopies.class);
    return ResponseEntity.ok()
        .contentType(MediaType.APPLICATION_JSON)
        .body(LeaseWire.write(content.of(held.digests())));
  }
}
