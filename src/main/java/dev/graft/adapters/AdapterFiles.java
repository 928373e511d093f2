package dev.graft.adapters;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobDownload;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestArchive;
import dev.graft.artifacts.ManifestDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionOperations;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The bytes of adapters: the files of the result directory, and its archive. */
@Component
@Profile("server")
class AdapterFiles {
  private static final String PEFT_CONFIG = "adapter_config.json";
  private static final int MAX_CONFIG_BYTES = 1 << 20;

  private final AdapterRows rows;
  private final ArtifactStore store;
  private final TransactionOperations transactions;
  private final JsonMapper json;

  /** Archives are made one at a time: each is long sequential work. */
  private final ReentrantLock packing = new ReentrantLock();

  AdapterFiles(
      AdapterRows rows, ArtifactStore store, TransactionOperations transactions, JsonMapper json) {
    this.rows = rows;
    this.store = store;
    this.transactions = transactions;
    this.json = json;
  }

  Manifest manifest(Adapter adapter) throws IOException {
    return ManifestDirectory.read(store, adapter.manifest());
  }

  /** PEFT's own description, or null if the result is not an adapter but a whole model. */
  @Nullable JsonNode peftConfig(Manifest manifest) throws IOException {
    BlobRef file = manifest.files().get(PEFT_CONFIG);
    if (file == null || file.bytes() > MAX_CONFIG_BYTES) return null;
    try (InputStream in = store.open(file.sha256())) {
      return json.readTree(in);
    } catch (JacksonException broken) {
      throw new IOException("adapter_config.json is not JSON", broken);
    }
  }

  /**
   * The directory as tar.gz. Made when first asked for and kept: gzip may differ between Java
   * versions, and the checksum of an adapter must not.
   */
  BlobRef archive(Adapter adapter) throws IOException {
    Optional<BlobRef> kept = kept(adapter);
    if (kept.isPresent()) return kept.get();
    packing.lock();
    try {
      kept = kept(adapter);
      if (kept.isPresent()) return kept.get();
      BlobRef made = ManifestArchive.store(store, manifest(adapter));
      return keep(adapter, made);
    } finally {
      packing.unlock();
    }
  }

  AdapterResource describe(Adapter adapter) throws IOException {
    Manifest manifest = manifest(adapter);
    return AdapterResource.of(
        adapter,
        json.readTree(adapter.configuration()),
        archive(adapter),
        manifest,
        peftConfig(manifest));
  }

  /** A file of an adapter as an HTTP answer that can be resumed and checked. */
  ResponseEntity<Resource> download(
      BlobRef blob, String filename, MediaType type, HttpHeaders request) {
    return BlobDownload.of(store, blob, filename, type, request);
  }

  private Optional<BlobRef> kept(Adapter adapter) {
    return rows.findByDepartmentIdAndId(adapter.departmentId(), adapter.id())
        .flatMap(AdapterRow::archive);
  }

  /** The first of several servers to keep an archive decides. */
  private BlobRef keep(Adapter adapter, BlobRef made) {
    transactions.executeWithoutResult(
        transaction ->
            rows.keepArchive(
                adapter.departmentId(), adapter.id(), made.sha256().hex(), made.bytes()));
    return kept(adapter).orElse(made);
  }
}
