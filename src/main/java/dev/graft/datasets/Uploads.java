package dev.graft.datasets;

import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Owned;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The rows of uploads and their parts, and what may happen to them when. */
@Service
class Uploads implements Owned {
  private static final String PREFIX = "upload_";
  private static final String PART_PREFIX = "part_";
  private static final int MAX_PARTS = 10_000;

  /** Parts may have this many times the announced bytes: an SDK sends one again if in doubt. */
  private static final int SLACK = 2;

  private static final Duration KEPT_AFTER_END = Duration.ofDays(7);

  /** No request for a part lasts so long. */
  private static final Duration ARRIVING = Duration.ofHours(2);

  private static final int BATCH = 500;

  private final UploadRows rows;
  private final UploadRows.PartRows parts;
  private final StoredFiles files;
  private final StorageQuota quota;
  private final FileProperties settings;
  private final Ids ids;
  private final Clock clock;

  Uploads(
      UploadRows rows,
      UploadRows.PartRows parts,
      StoredFiles files,
      StorageQuota quota,
      FileProperties settings,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.parts = parts;
    this.files = files;
    this.quota = quota;
    this.settings = settings;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * A part that may arrive now.
   *
   * @param room how many bytes it may have
   */
  record Arriving(String id, long room) {}

  /** Begins an upload and books its room; returns its id. */
  @Transactional
  String create(NewUpload upload) {
    String departmentId = upload.file().departmentId();
    quota.require(departmentId, upload.bytes());
    requireFewPending(departmentId);
    Instant now = clock.instant();
    String id = ids.next(PREFIX);
    rows.insert(id, upload, now, now.plus(settings.uploadLifetime()));
    return id;
  }

  private void requireFewPending(String departmentId) {
    if (rows.countPending(departmentId) >= settings.maxPending()) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "%d uploads of this department are pending; complete or cancel one first."
              .formatted(settings.maxPending()));
    }
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return rows.departmentOf(id);
  }

  UploadRow require(String departmentId, String id) {
    return rows.find(departmentId, id).orElseThrow(() -> RequestFailed.notFound("upload", id));
  }

  UploadObject object(UploadRow upload) {
    String fileId = upload.fileId();
    Optional<FileRow> file =
        fileId == null ? Optional.empty() : files.find(upload.departmentId(), fileId);
    return upload.object(clock.instant(), file.map(files::object).orElse(null));
  }

  void requirePending(UploadRow upload) {
    UploadStatus status = upload.statusAt(clock.instant());
    if (status != UploadStatus.PENDING) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "The upload is " + status.wireName() + "; create another one.",
          "upload_id");
    }
  }

  @Transactional
  Arriving beginPart(String departmentId, String uploadId) {
    UploadRow upload = require(departmentId, uploadId);
    requirePending(upload);
    UploadRows.PartRows.Contents arrived = parts.contents(uploadId);
    long room = SLACK * upload.bytes() - arrived.bytes();
    if (room <= 0 || arrived.parts() >= MAX_PARTS) {
      throw tooMuch(upload);
    }
    String id = ids.next(PART_PREFIX);
    parts.insert(id, uploadId, clock.instant());
    return new Arriving(id, Math.min(room, settings.maxPartSize().toBytes()));
  }

  /** Records a part whose content is kept; refused if the upload has ended meanwhile. */
  @Transactional
  PartRow.PartObject arrived(String departmentId, String uploadId, String partId, long bytes) {
    UploadRow upload = requireToChange(departmentId, uploadId);
    requirePending(upload);
    if (bytes > SLACK * upload.bytes() - parts.contents(uploadId).bytes()) {
      throw tooMuch(upload);
    }
    return parts
        .arrived(partId, bytes)
        .orElseThrow(() -> RequestFailed.notFound("part", partId))
        .object();
  }

  private static RequestFailed tooMuch(UploadRow upload) {
    return RequestFailed.invalid(
        "data",
        "The parts of this upload have far more than the %d bytes announced."
            .formatted(upload.bytes()));
  }

  /** How many bytes these parts have together; refuses those that are no parts of this upload. */
  long bytesOf(String uploadId, List<String> partIds) {
    Map<String, PartRow> arrived = new HashMap<>();
    parts.of(uploadId).forEach(part -> arrived.put(part.id(), part));
    long total = 0;
    for (String id : partIds) {
      PartRow part = arrived.get(id);
      Long bytes = part == null ? null : part.bytes();
      if (bytes == null) {
        throw RequestFailed.invalid("part_ids", "This upload has no part " + shown(id) + ".");
      }
      total += bytes;
    }
    return total;
  }

  private static String shown(String id) {
    return id.length() > 40 ? id.substring(0, 40) + "..." : id;
  }

  /** Makes the file and ends the upload, both or neither; nothing where a twin has done so. */
  @Transactional
  void complete(
      String departmentId,
      String id,
      List<String> partIds,
      NewFile file,
      StoredFiles.ArrivedFile arrived) {
    UploadRow upload = requireToChange(departmentId, id);
    if (upload.wasCompletedWith(partIds)) return;
    requirePending(upload);
    rows.complete(id, partIds, files.addReserved(file, arrived).id());
  }

  /** Cancelling twice is one cancellation. */
  @Transactional
  UploadRow cancel(String departmentId, String id) {
    UploadRow upload = requireToChange(departmentId, id);
    if (upload.statusAt(clock.instant()) == UploadStatus.CANCELLED) return upload;
    requirePending(upload);
    rows.cancel(id);
    return require(departmentId, id);
  }

  private UploadRow requireToChange(String departmentId, String id) {
    return rows.findToChange(departmentId, id)
        .orElseThrow(() -> RequestFailed.notFound("upload", id));
  }

  /** Ends what has expired by now and forgets what ended long ago; returns how many expired. */
  @Transactional
  public int expire() {
    rows.deleteEnded(clock.instant().minus(KEPT_AFTER_END), BATCH);
    return rows.expire(clock.instant());
  }

  public List<String> endedWithParts() {
    return parts.findUploadsToTidy(BATCH);
  }

  /** The parts of an upload that has ended, but for those that may still be arriving. */
  List<String> partsToDrop(String uploadId) {
    return parts.findToDrop(uploadId, clock.instant().minus(ARRIVING));
  }

  /** Nothing where another server has just forgotten it. */
  @Transactional
  void forgetPart(String partId) {
    parts.delete(partId);
  }

  /**
   * A row of {@code upload}.
   *
   * @param file what the file will be
   * @param bytes as announced
   * @param parts what it was completed with, in order; null = it is not completed
   * @param fileId of the file that it became; null = none, or it is gone
   */
  record UploadRow(
      String id,
      NewFile file,
      long bytes,
      UploadStatus status,
      @Nullable List<String> parts,
      @Nullable String fileId,
      Instant createdAt,
      Instant expiresAt) {
    /** A pending upload ends by itself, whether or not its row says so yet. */
    UploadStatus statusAt(Instant now) {
      return status == UploadStatus.PENDING && !expiresAt.isAfter(now)
          ? UploadStatus.EXPIRED
          : status;
    }

    boolean wasCompletedWith(List<String> wanted) {
      return wanted.equals(parts);
    }

    String departmentId() {
      return file.departmentId();
    }

    UploadObject object(Instant now, FileRow.@Nullable FileObject made) {
      return new UploadObject(
          id,
          "upload",
          bytes,
          createdAt.getEpochSecond(),
          expiresAt.getEpochSecond(),
          file.filename(),
          file.purpose().wireName(),
          statusAt(now).wireName(),
          made);
    }
  }

  /** OpenAI's upload statuses; all but {@code PENDING} are final. */
  enum UploadStatus {
    PENDING,
    COMPLETED,
    CANCELLED,
    EXPIRED;

    String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    static UploadStatus named(String wireName) {
      return valueOf(wireName.toUpperCase(Locale.ROOT));
    }
  }

  /**
   * An upload as it is announced.
   *
   * @param file what the file will be
   * @param bytes that its parts will have together
   */
  record NewUpload(NewFile file, long bytes, String mimeType) {}

  /**
   * OpenAI's Upload object.
   *
   * @param bytes as announced
   * @param createdAt Unix time in seconds, as {@code expiresAt}
   * @param file what it became, once it is completed and as long as that exists
   */
  record UploadObject(
      String id,
      String object,
      long bytes,
      long createdAt,
      long expiresAt,
      String filename,
      String purpose,
      String status,
      FileRow.@Nullable FileObject file) {}

  /**
   * A row of {@code upload_part}; the bytes are kept in the artifact store under its id.
   *
   * @param bytes null while it arrives
   */
  record PartRow(String id, String uploadId, @Nullable Long bytes, Instant createdAt) {
    /**
     * OpenAI's UploadPart.
     *
     * @param createdAt Unix time in seconds
     */
    record PartObject(String id, String object, long createdAt, String uploadId) {}

    PartObject object() {
      return new PartObject(id, "upload.part", createdAt.getEpochSecond(), uploadId);
    }
  }
}
