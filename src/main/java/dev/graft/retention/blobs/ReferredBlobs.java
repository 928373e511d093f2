package dev.graft.retention.blobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobColumn;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.BlobReferences;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.manifest.InvalidManifest;
import dev.graft.artifacts.manifest.Manifest;
import dev.graft.artifacts.manifest.ManifestDirectory;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** All blobs that anything needs. Takes memory of some 200 bytes a blob. */
@Component
class ReferredBlobs {
  private final JdbcClient sql;
  private final ArtifactStore store;

  /** One statement sees one moment, so no digest is missed on its way from one row to another. */
  private final String roots;

  ReferredBlobs(JdbcClient sql, ArtifactStore store, List<BlobReferences> modules) {
    this.sql = sql;
    this.store = store;
    this.roots =
        modules.stream()
            .flatMap(module -> module.columns().stream())
            .map(BlobColumn::select)
            .collect(Collectors.joining("\nunion\n"));
  }

  private record Root(Digest digest, boolean manifest) {}

  /** Throws {@link IllegalStateException} if it is not known what a manifest names. */
  Set<Digest> now() {
    List<Root> named =
        sql.sql(roots)
            .query((row, n) -> new Root(new Digest(row.getString(1)), row.getBoolean(2)))
            .list();
    Set<Digest> all = new HashSet<>();
    for (Root root : named) {
      all.add(root.digest());
      if (root.manifest()) {
        read(root.digest()).files().values().stream().map(BlobRef::sha256).forEach(all::add);
      }
    }
    return all;
  }

  private Manifest read(Digest manifest) {
    try {
      return ManifestDirectory.read(store, manifest);
    } catch (IOException | InvalidManifest unreadable) {
      throw new IllegalStateException(
          "the manifest " + manifest + " cannot be read, so nothing is deleted", unreadable);
    }
  }
}
