package dev.graft.adapters;

import static java.time.temporal.ChronoUnit.SECONDS;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobDownload;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.DirectoryArchive.ManifestArchive;
import dev.graft.artifacts.Manifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.jobs.JobSucceeded;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.springframework.context.event.EventListener;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Checks and answers downloads of adapters. */
@Component
class AdapterDownloads {
  private static final MediaType GZIP = MediaType.parseMediaType("application/gzip");

  private final Adapters adapters;
  private final Sharing sharing;
  private final AdapterFiles files;
  private final ArtifactStore store;
  private final AuditLog audit;

  AdapterDownloads(
      Adapters adapters, Sharing sharing, AdapterFiles files, ArtifactStore store, AuditLog audit) {
    this.audit = audit;
    this.store = store;
    this.adapters = adapters;
    this.sharing = sharing;
    this.files = files;
  }

  /** Returns an adapter that the department may see. */
  Adapter require(String departmentId, String id) {
    return sharing.findVisible(departmentId, id).orElseThrow(() -> gone(departmentId, id));
  }

  /**
   * Returns a blob that the department may download.
   *
   * @param file of the adapter; empty = all files as tar.gz
   */
  BlobRef require(String departmentId, String id, String file) throws IOException {
    Adapter adapter = require(departmentId, id);
    if (!sharing.mayDownload(departmentId, adapter)) {
      throw new RequestFailed(
          ProblemType.PERMISSION_DENIED,
          "Your department may use this adapter, but not download its files.",
          "id");
    }
    if (file.isEmpty()) return files.archive(adapter);
    BlobRef found = files.manifest(adapter).files().get(file);
    if (found == null) throw RequestFailed.notFound("file of this adapter", file);
    return found;
  }

  /**
   * Answers a download and records it in the audit log.
   *
   * @param file of the adapter; empty = all files as tar.gz
   */
  ResponseEntity<Resource> download(
      Caller caller, String id, String file, HttpMethod method, HttpHeaders request)
      throws IOException {
    BlobRef blob = require(caller.departmentId(), id, file);
    ResponseEntity<Resource> answer = answer(id, file, blob, method, request);
    if (BlobDownload.begins(method, answer)) {
      String name = require(caller.departmentId(), id).name();
      Map<String, String> what =
          file.isEmpty() ? Map.of("model", name) : Map.of("model", name, "file", file);
      audit.write("adapter.downloaded", caller.departmentId(), id, what);
    }
    return answer;
  }

  ResponseEntity<Resource> answer(
      String id, String file, BlobRef blob, HttpMethod method, HttpHeaders request) {
    String name = file.isEmpty() ? id + ".tar.gz" : file.substring(file.lastIndexOf('/') + 1);
    MediaType type = file.isEmpty() ? GZIP : MediaType.APPLICATION_OCTET_STREAM;
    return BlobDownload.of(store, blob, name, type, method, request);
  }

  /** The adapter's own department learns that it was deleted; others get 404. */
  RequestFailed gone(String departmentId, String id) {
    return adapters
        .deleted(departmentId, id)
        .map(AdapterDownloads::gone)
        .orElseGet(() -> RequestFailed.notFound("adapter", id));
  }

  private static RequestFailed gone(StoredAdapter deleted) {
    String message =
        "The adapter %s was deleted at %s%s."
            .formatted(
                deleted.id(),
                Objects.requireNonNull(deleted.deletedAt()).truncatedTo(SECONDS),
                deleted.deletedByRetention() ? " by the retention policy of its department" : "");
    return new RequestFailed(ProblemType.GONE, message, "id");
  }

  /** Reads the files and the archive of adapters. */
  @Component
  static class AdapterFiles {
    private static final String MERGED = "merged/";

    private final Adapters adapters;
    private final ArtifactStore store;

    /** Packs one archive at a time: each is long sequential work. */
    private final ReentrantLock packing = new ReentrantLock();

    AdapterFiles(Adapters adapters, ArtifactStore store) {
      this.adapters = adapters;
      this.store = store;
    }

    Manifest manifest(Adapter adapter) throws IOException {
      return ManifestDirectory.read(store, adapter.manifest());
    }

    /**
     * Returns the directory as tar.gz. The first download packs it and it is kept: the output of
     * gzip may differ between Java versions, and the checksum of an adapter must not.
     */
    BlobRef archive(Adapter adapter) throws IOException {
      if (adapter.archive() != null) return adapter.archive();
      packing.lock();
      try {
        Optional<BlobRef> kept = adapters.any(adapter.id()).map(Adapter::archive);
        if (kept.isPresent()) return kept.get();
        return adapters.keepArchive(
            adapter, ManifestArchive.store(store, withoutMerged(manifest(adapter))));
      } finally {
        packing.unlock();
      }
    }

    /** A merged model beside the adapter is downloaded file by file, not with every archive. */
    private static Manifest withoutMerged(Manifest manifest) {
      TreeMap<String, BlobRef> files = new TreeMap<>(manifest.files());
      files.keySet().removeIf(name -> name.startsWith(MERGED));
      return new Manifest(files);
    }
  }

  /** Packs the archive of a new adapter ahead of the first download, which packs it otherwise. */
  @Component
  static class ArchiveAhead implements WorkKind {
    private static final String KIND = "adapter_archive";
    private static final WorkSettings SETTINGS =
        new WorkSettings(
            KIND,
            true,
            1,
            1,
            Duration.ofSeconds(2),
            Duration.ofMinutes(1),
            new WorkSettings.Backoff(5, Duration.ofSeconds(10), Duration.ofMinutes(5)),
            Duration.ZERO);

    private final Adapters adapters;
    private final AdapterDownloads.AdapterFiles files;
    private final LeasedWork work;

    ArchiveAhead(Adapters adapters, AdapterDownloads.AdapterFiles files, LeasedWork work) {
      this.adapters = adapters;
      this.files = files;
      this.work = work;
    }

    /** Runs in the transaction that completes the job: both commit, or neither. */
    @EventListener
    @Transactional(propagation = Propagation.MANDATORY)
    public void add(JobSucceeded job) {
      work.add(KIND, job.fineTunedModel(), job.departmentId());
    }

    @Override
    public WorkSettings settings() {
      return SETTINGS;
    }

    @Override
    public void work(WorkClaim claim) throws IOException {
      Adapter adapter = adapters.named(claim.departmentId(), claim.subject()).orElse(null);
      if (adapter != null) files.archive(adapter);
    }
  }
}
