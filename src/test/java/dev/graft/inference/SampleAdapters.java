package dev.graft.inference;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.adapters.Adapter;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.inference.AdapterPlace.VllmForm.Source;
import java.io.ByteArrayInputStream;
import java.time.Instant;

/** Adapters whose weights are their id. */
final class SampleAdapters {
  private SampleAdapters() {}

  static AdapterPlace.Served served(String name, String id) {
    Adapter adapter =
        new Adapter(
            id,
            "proj_1",
            "ft:small:support::" + id,
            "small",
            "{}",
            "LORA",
            new Adapter.Origin("ftjob-1", "file-1", null, null, 1),
            Digest.of(id.getBytes(UTF_8)),
            null,
            null,
            false,
            0,
            Instant.EPOCH);
    return new AdapterPlace.Served(name, adapter, VllmDouble.BASE);
  }

  static Source source(ArtifactStore store, AdapterPlace.Served served, String config) {
    return () -> {
      byte[] weights = served.adapter().id().getBytes(UTF_8);
      BlobRef blob = store.put(new ByteArrayInputStream(weights), weights.length);
      return new AdapterPlace.VllmForm.Files(config.getBytes(UTF_8), blob);
    };
  }
}
