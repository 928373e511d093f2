package dev.graft.artifacts;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.stereotype.Component;

/** Counted since this server's start, whoever asked for the sweep. */
@Component
final class DeletedBlobs {
  private final Counter blobs;
  private final Counter bytes;

  DeletedBlobs(MeterRegistry registry) {
    blobs =
        Counter.builder("graft.store.deleted.blobs")
            .description("Blobs that nothing needed, deleted from the artifact store")
            .register(registry);
    bytes =
        Counter.builder("graft.store.deleted")
            .baseUnit("bytes")
            .description("Their bytes")
            .register(registry);
  }

  void count(BlobRef blob) {
    blobs.increment();
    bytes.increment(blob.bytes());
  }
}
