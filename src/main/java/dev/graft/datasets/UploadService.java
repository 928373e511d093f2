package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import dev.graft.datasets.FileValidation.CheckedFile;
import dev.graft.datasets.Upload.PartObject;
import dev.graft.datasets.Upload.UploadObject;
import dev.graft.datasets.Upload.UploadStatus;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Owned;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Uploads and their parts, without the bytes: what may happen to them when. */
@Service
class UploadService implements Owned {
  private static final int MAX_PARTS = 10_000;

  /**
   * Parts may add up to this many times the announced bytes, because an SDK sends a part again when
   * it gets no answer.
   */
  private static final int SLACK = 2;

  private static final Duration KEPT_AFTER_END = Duration.ofDays(7);

  /** Longer than any request for a part takes. */
  private static final Duration ARRIVING = Duration.ofHours(2);

  private static final int BATCH = 500;

  private final Uploads uploads;
  private final StoredFiles files;
  private final StorageQuota quota;
  private final FileProperties settings;
  private final Ids ids;
  private final Clock clock;

  UploadService(
      Uploads uploads,
      StoredFiles files,
      StorageQuota quota,
      FileProperties settings,
      Ids ids,
      Clock clock) {
    this.uploads = uploads;
    this.files = files;
    this.quota = quota;
    this.settings = settings;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * An upload as it is announced.
   *
   * @param file what the file will be
   * @param bytes of all its parts together
   */
  record NewUpload(NewFile file, long bytes, String mimeType) {}

  /**
   * A part that may arrive now.
   *
   * @param room the most bytes that it may have
   */
  record ArrivingPart(String id, long room) {}

  /** Begins an upload, whose bytes count as stored from now on; returns its id. */
  @Transactional
  public String create(NewUpload upload) {
    String departmentId = upload.file().departmentId();
    quota.require(departmentId, upload.bytes());
    if (uploads.countPending(departmentId) >= settings.maxPending()) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "%d uploads of this department are pending; complete or cancel one first."
              .formatted(settings.maxPending()));
    }
    Instant now = clock.instant();
    Instant end = now.plus(settings.uploadLifetime());
    return uploads
        .save(
            new Upload(
                ids.next("upload_"), upload.file(), upload.bytes(), upload.mimeType(), now, end))
        .id();
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return uploads.departmentOf(id);
  }

  Upload require(String departmentId, String id) {
    return uploads
        .findByDepartmentIdAndId(departmentId, id)
        .orElseThrow(() -> RequestFailed.notFound("upload", id));
  }

  UploadObject object(Upload upload) {
    String fileId = upload.fileId();
    Optional<DataFile> file =
        fileId == null ? Optional.empty() : files.find(upload.departmentId(), fileId);
    return upload.object(clock.instant(), file.map(files::object).orElse(null));
  }

  void requirePending(Upload upload) {
    UploadStatus status = upload.statusAt(clock.instant());
    if (status != UploadStatus.PENDING) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The upload is " + status.wireName() + "; create another one.",
          "upload_id");
    }
  }

  @Transactional
  public ArrivingPart beginPart(String departmentId, String uploadId) {
    Upload upload = require(departmentId, uploadId);
    requirePending(upload);
    Uploads.Contents contents = uploads.contents(upload);
    long room = SLACK * upload.bytes() - contents.bytes();
    if (room <= 0 || contents.parts() >= MAX_PARTS) throw tooMuch(upload);
    String id = ids.next("part_");
    upload.begin(id, clock.instant());
    return new ArrivingPart(id, Math.min(room, settings.maxPartSize().toBytes()));
  }

  /** Records a part whose content is stored; fails if the upload has ended meanwhile. */
  @Transactional
  public PartObject arrived(String departmentId, String uploadId, String partId, long bytes) {
    Upload upload = requireToChange(departmentId, uploadId);
    requirePending(upload);
    if (bytes > SLACK * upload.bytes() - uploads.contents(upload).bytes()) throw tooMuch(upload);
    UploadPart part =
        uploads.findPartToChange(partId).orElseThrow(() -> RequestFailed.notFound("part", partId));
    part.arrived(bytes);
    return part.object();
  }

  private static RequestFailed tooMuch(Upload upload) {
    return RequestFailed.invalid(
        "data",
        "The parts of this upload have far more than the %d bytes announced."
            .formatted(upload.bytes()));
  }

  /** Adds up the bytes of these parts; fails if one of them is not a part of this upload. */
  long bytesOf(Upload upload, List<String> partIds) {
    Map<String, @Nullable Long> arrived = new HashMap<>();
    uploads.parts(upload).forEach(part -> arrived.put(part.id(), part.bytes()));
    long total = 0;
    for (String id : partIds) {
      Long bytes = arrived.get(id);
      if (bytes == null) {
        String shown = id.length() > 40 ? id.substring(0, 40) + "..." : id;
        throw RequestFailed.invalid("part_ids", "This upload has no part " + shown + ".");
      }
      total += bytes;
    }
    return total;
  }

  /** Makes the file and ends the upload in one transaction, unless a twin has done so. */
  @Transactional
  public void complete(
      String id,
      List<String> partIds,
      NewFile file,
      BlobRef content,
      @Nullable CheckedFile checked) {
    Upload upload = requireToChange(file.departmentId(), id);
    if (upload.wasCompletedWith(partIds)) return;
    requirePending(upload);
    upload.complete(partIds, files.addReserved(file, content, checked));
  }

  /** Does nothing if the upload has been cancelled already. */
  @Transactional
  public Upload cancel(String departmentId, String id) {
    Upload upload = requireToChange(departmentId, id);
    if (upload.statusAt(clock.instant()) == UploadStatus.CANCELLED) return upload;
    requirePending(upload);
    upload.cancel();
    return upload;
  }

  private Upload requireToChange(String departmentId, String id) {
    return uploads
        .findToChange(departmentId, id)
        .orElseThrow(() -> RequestFailed.notFound("upload", id));
  }

  /** Ends the uploads that have expired by now and forgets old ones; returns how many expired. */
  @Transactional
  public int expire() {
    uploads.deleteEnded(clock.instant().minus(KEPT_AFTER_END), BATCH);
    return uploads.expire(clock.instant());
  }

  List<String> endedWithParts() {
    return uploads.findEndedWithParts(Limit.of(BATCH));
  }

  /** Returns the parts of an upload that has ended, except those that may still be arriving. */
  List<String> partsToDrop(String uploadId) {
    return uploads.findPartsToDrop(uploadId, clock.instant().minus(ARRIVING));
  }

  /** Does nothing if another server has just forgotten the part. */
  @Transactional
  public void forgetPart(String partId) {
    uploads.deletePart(partId);
  }
}
