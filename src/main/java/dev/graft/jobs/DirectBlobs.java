package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobMismatch;
import dev.graft.artifacts.BlobMissing;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.UploadsExceeded;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** What a lease uploads past the server, by links that the store gives. */
@Component
class DirectBlobs {
  private final ArtifactStore store;
  private final LeaseUploads uploads;
  private final LeaseBlobs blobs;

  DirectBlobs(ArtifactStore store, LeaseUploads uploads, LeaseBlobs blobs) {
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
