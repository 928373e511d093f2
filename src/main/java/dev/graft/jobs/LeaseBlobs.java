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
 * The blobs a lease reaches: it reads those of its job's base model, data, starting point and
 * earlier uploads; its manifests may name only what workers uploaded for this job.
 */
@Component
@EnableConfigurationProperties(LeaseBlobs.UploadProperties.class)
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

  /** What is uploaded under each lease, counted before it arrives. */
  @Component
  static class LeaseUploads {
    private static final String COUNT =
        """
        -- upload counted
        update job_lease set uploads = uploads + :one, uploaded_bytes = uploaded_bytes + :bytes
         where job_id = :job and epoch = :epoch and token = :token and ended_at is null
        returning uploads, uploaded_bytes
        """;

    private final JdbcClient sql;

    LeaseUploads(JdbcClient sql) {
      this.sql = sql;
    }

    /** Under one lease, by now. */
    public record Counted(int uploads, long bytes) {}

    /**
     * One more.
     *
     * @return with it
     * @throws LeaseLost if the lease is not held any more
     */
    public Counted begun(LeaseKey key, long bytes) {
      return of(key, COUNT)
          .param("one", 1)
          .param("bytes", bytes)
          .query((row, n) -> new Counted(row.getInt("uploads"), row.getLong("uploaded_bytes")))
          .optional()
          .orElseThrow(() -> new LeaseLost(key));
    }

    /** It did not arrive: a link that breaks uses nothing up. */
    public void failed(LeaseKey key, long bytes) {
      of(key, COUNT).param("one", -1).param("bytes", -bytes).query(row -> {});
    }

    /**
     * One more that does not come through a server: counted once, until it has arrived.
     *
     * @throws LeaseLost if the lease is not held any more
     */
    public Counted linked(LeaseKey key, BlobRef blob, long counted) {
      return of(
              key,
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
              """)
          .param("digest", blob.sha256().hex())
          .param("bytes", blob.bytes())
          .param("counted", counted)
          .query((row, n) -> new Counted(row.getInt("uploads"), row.getLong("uploaded_bytes")))
          .optional()
          .orElseThrow(() -> new LeaseLost(key));
    }

    /** Whether there is a link for it that is still to be used, under a lease that is held. */
    public boolean isLinked(LeaseKey key, BlobRef blob) {
      return of(
              key,
              """
              -- link
              select exists (select from job_upload u where u.job_id = l.job_id
                                and u.epoch = l.epoch and digest = :digest and bytes = :bytes)
                from job_lease l
               where job_id = :job and epoch = :epoch and token = :token and ended_at is null
              """)
          .param("digest", blob.sha256().hex())
          .param("bytes", blob.bytes())
          .query(Boolean.class)
          .optional()
          .orElseThrow(() -> new LeaseLost(key));
    }

    /** It has arrived, or is not what it should be. */
    public void linkUsed(LeaseKey key, BlobRef blob) {
      of(
              key,
              """
              -- link used
              delete from job_upload u using job_lease l
               where u.job_id = l.job_id and u.epoch = l.epoch and digest = :digest and bytes = :bytes
                 and l.job_id = :job and l.epoch = :epoch and token = :token
              """)
          .param("digest", blob.sha256().hex())
          .param("bytes", blob.bytes())
          .update();
    }

    private JdbcClient.StatementSpec of(LeaseKey key, String statement) {
      return sql.sql(statement)
          .param("job", key.jobId())
          .param("epoch", key.epoch())
          .param("token", key.token());
    }
  }

  /** What a lease uploads past the server, by links that the store gives. */
  @Component
  static class DirectBlobs {
    private final ArtifactStore store;
    private final LeaseBlobs.LeaseUploads uploads;
    private final LeaseBlobs blobs;

    DirectBlobs(ArtifactStore store, LeaseBlobs.LeaseUploads uploads, LeaseBlobs blobs) {
      this.store = store;
      this.uploads = uploads;
      this.blobs = blobs;
    }

    /** Whether workers may put what they upload elsewhere, if it is not too large for that. */
    public boolean givesLinks() {
      return store.givesUploadLinks();
    }

    /**
     * Where a worker may put an upload, if there is such a place for it.
     *
     * @throws UploadsExceeded if it is more than one lease may upload
     */
    Optional<ArtifactStore.UploadLink> link(LeaseKey key, BlobRef blob) {
      Optional<ArtifactStore.UploadLink> link = store.uploadLink(blob, upload(key, blob));
      if (link.isPresent()) {
        blobs.requireRoom(uploads.linked(key, blob, blobs.counted(blob.bytes())), blob.bytes());
      }
      return link;
    }

    /**
     * Takes in what was put there, and notes that it is this job's. May be repeated.
     *
     * @throws BlobMismatch if it is other content
     * @throws BlobMissing if nothing was put there
     */
    public void arrived(LeaseKey key, BlobRef blob) throws IOException {
      if (!uploads.isLinked(key, blob)) {
        LeaseBlobs.requireUploaded(blobs.uploads(key), blob.sha256());
        return; // the answer to the first time was lost
      }
      try {
        store.takeIn(blob, upload(key, blob));
      } catch (BlobMissing gone) {
        if (blobs.uploads(key).contains(blob.sha256().hex())) return; // the first time is not over
        throw gone;
      } catch (BlobMismatch another) {
        uploads.linkUsed(key, blob);
        uploads.failed(key, blobs.counted(blob.bytes()));
        throw another;
      }
      blobs.note(key, blob);
      uploads.linkUsed(key, blob);
    }

    /** The same for one lease and content, and no others'. */
    private static String upload(LeaseKey key, BlobRef blob) {
      String named = "%s %d %s %s".formatted(key.jobId(), key.epoch(), key.token(), blob);
      return Digest.of(named.getBytes(StandardCharsets.UTF_8)).hex();
    }
  }

  /**
   * What a worker may upload in one run of a job: checkpoints and the result. A run that needs more
   * ends, and its job fails.
   *
   * @param maxFiles files of one run
   * @param maxSize bytes of all of them
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
