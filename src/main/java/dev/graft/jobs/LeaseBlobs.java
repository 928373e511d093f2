package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseProtocol.UploadsExceeded;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * The blobs a lease reaches: it reads those of its job's base model, data, starting point and
 * earlier uploads; its manifests may name only what workers uploaded for this job.
 */
@Component
@EnableConfigurationProperties(UploadProperties.class)
class LeaseBlobs {
  private final JdbcClient sql;
  private final ArtifactStore store;
  private final LeaseUploads uploads;
  private final UploadProperties limits;

  LeaseBlobs(JdbcClient sql, ArtifactStore store, LeaseUploads uploads, UploadProperties limits) {
    this.sql = sql;
    this.store = store;
    this.uploads = uploads;
    this.limits = limits;
  }

  public InputStream open(LeaseKey key, Digest digest) throws IOException {
    requireReadable(key, digest);
    return store.open(digest);
  }

  /** Where a worker may read the blob instead, if workers are to be sent there. */
  public Optional<URI> link(LeaseKey key, Digest digest) throws IOException {
    requireReadable(key, digest);
    return store.workerLink(digest);
  }

  /**
   * Stores an upload after checking size and digest, and notes that it is this job's.
   *
   * @throws UploadsExceeded before a byte is read, if it is more than one lease may upload
   */
  void put(LeaseKey key, BlobRef blob, InputStream in) throws IOException {
    requireRoom(key, blob.bytes());
    boolean stored = false;
    try {
      store.put(blob, in);
      note(key, blob);
      stored = true;
    } finally {
      if (!stored) uploads.failed(key, blob.bytes());
    }
  }

  private void requireRoom(LeaseKey key, long bytes) {
    requireRoom(uploads.begun(key, counted(bytes)), bytes);
  }

  /** More than one lease may upload is as good as that, and no sum overflows. */
  long counted(long bytes) {
    return Math.min(bytes, limits.maxSize().toBytes());
  }

  void requireRoom(LeaseUploads.Counted counted, long bytes) {
    long most = limits.maxSize().toBytes();
    if (bytes > most || counted.bytes() > most || counted.uploads() > limits.maxFiles()) {
      throw new UploadsExceeded(
          "one run may upload %d files and %s bytes (graft.jobs.uploads): this is file %d, with %d bytes"
              .formatted(limits.maxFiles(), most, counted.uploads(), bytes));
    }
  }

  void note(LeaseKey key, BlobRef blob) {
    int noted =
        sql.sql(
                """
                -- uploaded
                insert into job_blob (job_id, digest, bytes)
                select job_id, :digest, :bytes from job_lease
                 where job_id = :job and epoch = :epoch and token = :token and ended_at is null
                on conflict (job_id, digest) do update set bytes = excluded.bytes
                """)
            .param("job", key.jobId())
            .param("epoch", key.epoch())
            .param("token", key.token())
            .param("digest", blob.sha256().hex())
            .param("bytes", blob.bytes())
            .update();
    if (noted != 1) throw new LeaseLost(key);
  }

  /** The manifest, if it and every file it names were uploaded for this job and are there. */
  public Manifest verified(LeaseKey key, Digest digest) throws IOException {
    Set<String> uploaded = uploads(key);
    requireUploaded(uploaded, digest);
    Manifest manifest = ManifestDirectory.read(store, digest);
    for (BlobRef file : manifest.files().values()) {
      requireUploaded(uploaded, file.sha256());
      if (!store.stat(file.sha256()).equals(Optional.of(file))) {
        throw new LeaseRefused("manifest and blob disagree about " + file.sha256());
      }
    }
    return manifest;
  }

  static void requireUploaded(Set<String> uploaded, Digest digest) {
    if (!uploaded.contains(digest.hex())) {
      throw new LeaseRefused("blob " + digest + " was not uploaded for this job");
    }
  }

  Set<String> uploads(LeaseKey key) {
    return sql
        .sql("-- uploads\nselect digest from job_blob where job_id = :job")
        .param("job", key.jobId())
        .query((row, n) -> row.getString("digest"))
        .list()
        .stream()
        .collect(Collectors.toSet());
  }

  private record Named(String baseManifest, @Nullable String startManifest, boolean direct) {}

  private void requireReadable(LeaseKey key, Digest digest) throws IOException {
    Named named =
        sql.sql(
                """
                -- readable
                select base_manifest, start_manifest,
                       :digest in (base_manifest, training_digest, coalesce(validation_digest, ''),
                                   coalesce(start_manifest, ''))
                         or exists (select 1 from job_blob b
                                     where b.job_id = job.id and b.digest = :digest) as direct
                  from job_lease join job on job.id = job_id
                 where job_id = :job and epoch = :epoch and token = :token and ended_at is null
                """)
            .param("job", key.jobId())
            .param("epoch", key.epoch())
            .param("token", key.token())
            .param("digest", digest.hex())
            .query(
                (row, n) ->
                    new Named(
                        row.getString("base_manifest"),
                        row.getString("start_manifest"),
                        row.getBoolean("direct")))
            .optional()
            .orElseThrow(() -> new LeaseLost(key));
    if (named.direct()) return;
    String start = named.startManifest();
    if (!names(named.baseManifest(), digest) && (start == null || !names(start, digest)))
      throw new LeaseRefused("blob " + digest + " is not named by this lease");
  }

  private boolean names(String manifest, Digest digest) throws IOException {
    return ManifestDirectory.read(store, new Digest(manifest)).files().values().stream()
        .anyMatch(file -> file.sha256().equals(digest));
  }
}
