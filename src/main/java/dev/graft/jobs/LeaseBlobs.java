package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobMismatch;
import dev.graft.artifacts.BlobMissing;
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
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.util.unit.DataSize;

/**
 * The blobs that a lease gives access to. A worker may read the base model, the data, the starting
 * point and earlier uploads of its job; its manifests may name only blobs that workers uploaded for
 * this job.
 */
@Component
@EnableConfigurationProperties(LeaseBlobs.UploadProperties.class)
class LeaseBlobs {
  /** Counts an upload before it arrives, so that no worker sends more than it may. */
  private static final String COUNT =
      """
      -- upload counted
      update job_lease set uploads = uploads + :one, uploaded_bytes = uploaded_bytes + :bytes
       where job_id = :job and epoch = :epoch and token = :token and ended_at is null
      returning uploads, uploaded_bytes
      """;

  /** Counts an upload that does not pass through a server: once, until it has arrived. */
  private static final String COUNT_LINK =
      """
      -- link counted
      with linked as (
        insert into job_upload (job_id, epoch, digest, bytes)
        select job_id, epoch, :digest, :bytes from job_lease
         where job_id = :job and epoch = :epoch and token = :token and ended_at is null
        on conflict do nothing returning bytes)
      update job_lease set uploads = uploads + (select count(*) from linked),
             uploaded_bytes = uploaded_bytes + (select count(*) from linked) * :counted
       where job_id = :job and epoch = :epoch and token = :token and ended_at is null
      returning uploads, uploaded_bytes
      """;

  private static final String LINKED =
      """
      -- link
      select exists (select from job_upload u where u.job_id = l.job_id
                        and u.epoch = l.epoch and digest = :digest and bytes = :bytes)
        from job_lease l
       where job_id = :job and epoch = :epoch and token = :token and ended_at is null
      """;

  private static final String LINK_USED =
      """
      -- link used
      delete from job_upload u using job_lease l
       where u.job_id = l.job_id and u.epoch = l.epoch and digest = :digest and bytes = :bytes
         and l.job_id = :job and l.epoch = :epoch and token = :token
      """;

  private static final String UPLOADED =
      """
      -- uploaded
      insert into job_blob (job_id, digest, bytes)
      select job_id, :digest, :bytes from job_lease
       where job_id = :job and epoch = :epoch and token = :token and ended_at is null
      on conflict (job_id, digest) do update set bytes = excluded.bytes
      """;

  private static final String READABLE =
      """
      -- readable
      select base_manifest, start_manifest,
             :digest in (base_manifest, training_digest, coalesce(validation_digest, ''),
                         coalesce(start_manifest, ''))
               or exists (select 1 from job_blob b
                           where b.job_id = job.id and b.digest = :digest) as direct
        from job_lease join job on job.id = job_id
       where job_id = :job and epoch = :epoch and token = :token and ended_at is null
      """;

  private final JdbcClient sql;
  private final ArtifactStore store;
  private final UploadProperties limits;

  LeaseBlobs(JdbcClient sql, ArtifactStore store, UploadProperties limits) {
    this.sql = sql;
    this.store = store;
    this.limits = limits;
  }

  InputStream open(LeaseKey key, Digest digest) throws IOException {
    requireReadable(key, digest);
    return store.open(digest);
  }

  /** Returns a link by which the worker may read the blob from the store; empty = here only. */
  Optional<URI> link(LeaseKey key, Digest digest) throws IOException {
    requireReadable(key, digest);
    return store.workerLink(digest);
  }

  /**
   * Stores an upload after checking its size and digest, and records that it belongs to the job.
   *
   * @throws UploadsExceeded before a byte is read, if it is more than one lease may upload
   */
  void put(LeaseKey key, BlobRef blob, InputStream in) throws IOException {
    long counted = counted(blob);
    requireRoom(
        fenced(COUNT, key).param("one", 1).param("bytes", counted).query(Counted::of).optional(),
        key,
        blob);
    boolean stored = false;
    try {
      store.put(blob, in);
      record(key, blob);
      stored = true;
    } finally {
      if (!stored) uncount(key, counted);
    }
  }

  /** Subtracts a failed upload from the count, so that a broken connection uses nothing up. */
  private void uncount(LeaseKey key, long counted) {
    fenced(COUNT, key).param("one", -1).param("bytes", -counted).query(row -> {});
  }

  /** Returns at most the limit of one lease, so that no sum overflows. */
  private long counted(BlobRef blob) {
    return Math.min(blob.bytes(), limits.maxSize().toBytes());
  }

  /** The uploads that one lease has begun so far. */
  private record Counted(int uploads, long bytes) {
    static Counted of(ResultSet row, int number) throws SQLException {
      return new Counted(row.getInt("uploads"), row.getLong("uploaded_bytes"));
    }
  }

  /**
   * @param now with this upload; empty = the lease is no longer held
   */
  private void requireRoom(Optional<Counted> now, LeaseKey key, BlobRef blob) {
    Counted counted = now.orElseThrow(() -> new LeaseLost(key));
    long most = limits.maxSize().toBytes();
    if (blob.bytes() > most || counted.bytes() > most || counted.uploads() > limits.maxFiles()) {
      throw new UploadsExceeded(
          "one run may upload %d files and %s bytes (graft.jobs.uploads): this is file %d, with %d bytes"
              .formatted(limits.maxFiles(), most, counted.uploads(), blob.bytes()));
    }
  }

  private void record(LeaseKey key, BlobRef blob) {
    if (fenced(UPLOADED, key, blob).update() != 1) throw new LeaseLost(key);
  }

  /** Returns whether workers may upload directly to the store. */
  boolean givesUploadLinks() {
    return store.givesUploadLinks();
  }

  /**
   * Returns where a worker may upload the blob, past the server; empty if it must send it here.
   *
   * @throws UploadsExceeded if it is more than one lease may upload
   */
  Optional<ArtifactStore.UploadLink> uploadLink(LeaseKey key, BlobRef blob) {
    Optional<ArtifactStore.UploadLink> link = store.uploadLink(blob, uploadName(key, blob));
    if (link.isPresent()) {
      requireRoom(
          fenced(COUNT_LINK, key, blob)
              .param("counted", counted(blob))
              .query(Counted::of)
              .optional(),
          key,
          blob);
    }
    return link;
  }

  /**
   * Takes in what was uploaded by a link, and records that it belongs to the job. May be repeated.
   *
   * @throws BlobMismatch if it is other content
   * @throws BlobMissing if nothing was uploaded
   */
  void arrived(LeaseKey key, BlobRef blob) throws IOException {
    boolean linked =
        fenced(LINKED, key, blob)
            .query(Boolean.class)
            .optional()
            .orElseThrow(() -> new LeaseLost(key));
    if (!linked) {
      requireUploaded(uploads(key), blob.sha256());
      return; // the answer to the first call was lost
    }
    try {
      store.takeIn(blob, uploadName(key, blob));
    } catch (BlobMissing gone) {
      if (uploads(key).contains(blob.sha256().hex())) return; // the first call is still under way
      throw gone;
    } catch (BlobMismatch another) {
      fenced(LINK_USED, key, blob).update();
      uncount(key, counted(blob));
      throw another;
    }
    record(key, blob);
    fenced(LINK_USED, key, blob).update();
  }

  /** Returns a name that is the same for one lease and content, and different for any other. */
  private static String uploadName(LeaseKey key, BlobRef blob) {
    String named = "%s %d %s %s".formatted(key.jobId(), key.epoch(), key.token(), blob);
    return Digest.of(named.getBytes(StandardCharsets.UTF_8)).hex();
  }

  private JdbcClient.StatementSpec fenced(String statement, LeaseKey key) {
    return sql.sql(statement)
        .param("job", key.jobId())
        .param("epoch", key.epoch())
        .param("token", key.token());
  }

  private JdbcClient.StatementSpec fenced(String statement, LeaseKey key, BlobRef blob) {
    return fenced(statement, key).param("digest", blob.sha256().hex()).param("bytes", blob.bytes());
  }

  /** Returns the manifest after checking that it and its files were uploaded for this job. */
  Manifest verified(LeaseKey key, Digest digest) throws IOException {
    Set<String> uploaded = uploads(key);
    requireUploaded(uploaded, digest);
    Manifest manifest = ManifestDirectory.read(store, digest);
    for (BlobRef file : manifest.files().values()) {
      requireUploaded(uploaded, file.sha256());
      if (!store.stat(file.sha256()).equals(Optional.of(file))) {
        throw new LeaseRefused("manifest and blob differ in the size of " + file.sha256());
      }
    }
    return manifest;
  }

  private static void requireUploaded(Set<String> uploaded, Digest digest) {
    if (!uploaded.contains(digest.hex())) {
      throw new LeaseRefused("blob " + digest + " was not uploaded for this job");
    }
  }

  private Set<String> uploads(LeaseKey key) {
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
        fenced(READABLE, key)
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

  /**
   * Limits of what a worker uploads in one run of a job: checkpoints and the result. A run that
   * exceeds them ends, and its job fails.
   *
   * @param maxFiles maximum number of files of one run
   * @param maxSize maximum size of all files of one run
   */
  @ConfigurationProperties("graft.jobs.uploads")
  record UploadProperties(
      @DefaultValue("100000") int maxFiles, @DefaultValue("4TB") DataSize maxSize) {
    UploadProperties {
      if (maxFiles < 1 || maxSize.toBytes() < 1) {
        throw new IllegalArgumentException(
            "graft.jobs.uploads.max-files and max-size must be positive");
      }
    }
  }
}
