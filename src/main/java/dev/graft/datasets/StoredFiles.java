package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import dev.graft.datasets.NewFile.FilePurpose;
import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import dev.graft.tenancy.RetentionKind;
import dev.graft.tenancy.RetentionNotices;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The files of the departments. */
@Service
public class StoredFiles implements Owned {
  /** The kind of work that a file is until it is validated. */
  public static final String VALIDATION = "file_validation";

  private static final String PREFIX = "file-";
  private static final Pattern ID = Pattern.compile("file-[0-9a-z]{26}");

  /** Sorts after every file id. */
  private static final String AFTER_ALL = PREFIX + "~";

  private final FileRows rows;
  private final ObjectProvider<FileUse> uses;
  private final StorageQuota quota;
  private final RetentionNotices notices;
  private final LeasedWork work;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  StoredFiles(
      FileRows rows,
      ObjectProvider<FileUse> uses,
      StorageQuota quota,
      RetentionNotices notices,
      LeasedWork work,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.uses = uses;
    this.quota = quota;
    this.notices = notices;
    this.work = work;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * The file of this department, processed and usable for training. In a transaction, the file
   * cannot be deleted before it ends, so what the caller records as a {@link FileUse} by then
   * protects it.
   *
   * @param param the request field to name in the error, such as {@code training_file}
   */
  @Transactional
  public TrainingFile requireTrainable(String departmentId, String fileId, String param) {
    FileRow file =
        rows.findToUse(departmentId, fileId, clock.instant())
            .orElseThrow(
                () -> RequestFailed.invalid(param, "No such file: " + fileId).about(fileId));
    if (!file.is(FilePurpose.FINE_TUNE)) {
      throw RequestFailed.invalid(param, fileId + " has not the purpose 'fine-tune'.");
    }
    if (file.has(FileRow.FileStatus.UPLOADED)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          fileId + " is still being validated; wait until its status is 'processed'.",
          param);
    }
    if (file.has(FileRow.FileStatus.ERROR)) {
      throw Objects.requireNonNull(file.validation())
          .refusal(param, fileId + " is not valid training data");
    }
    return file.trainingFile();
  }

  /** Records a file that Graft made (purpose {@code fine-tune-results}); returns its id. */
  @Transactional
  public String storeResult(String departmentId, String filename, BlobRef blob) {
    NewFile file =
        new NewFile(
            departmentId, filename, FilePurpose.FINE_TUNE_RESULTS, null, DecodingOptions.NONE);
    FileRow result = row(file, blob).processed();
    rows.insert(result);
    return result.id();
  }

  /** Deletes what {@link #storeResult} has recorded. */
  @Transactional
  public void deleteResults(String departmentId, List<String> fileIds) {
    if (!fileIds.isEmpty()) rows.delete(departmentId, fileIds);
  }

  /** Records an uploaded file, with what its validation found or to be validated later. */
  @Transactional
  public FileRow add(NewFile file, ArrivedFile arrived) {
    quota.require(file.departmentId(), arrived.blob().bytes());
    return addReserved(file, arrived);
  }

  /** As {@link #add}, for a file whose room is reserved; the reservation ends herewith. */
  @Transactional
  public FileRow add(NewFile file, ArrivedFile arrived, StorageQuota.Reservation reservation) {
    quota.require(reservation, arrived.blob().bytes());
    return addReserved(file, arrived);
  }

  /** As {@link #add}, for a file whose room was asked for before. */
  @Transactional
  public FileRow addReserved(NewFile file, ArrivedFile arrived) {
    boolean asItIs = file.purpose() == FilePurpose.USER_DATA;
    FileRow uploaded = row(file, arrived.blob());
    FileRow row = asItIs ? uploaded.processed() : uploaded;
    FileValidation.CheckedFile checked = arrived.checked();
    if (checked == null && !asItIs) work.add(VALIDATION, row.id(), file.departmentId());
    Map<String, Object> what = Map.of("filename", file.filename(), "bytes", arrived.blob().bytes());
    audit.write("file.created", file.departmentId(), row.id(), what);
    FileRow added = checked == null ? row : row.validated(checked);
    rows.insert(added);
    return added;
  }

  /** What people have called them, by id, of those of these that are there. */
  @Transactional(readOnly = true)
  public Map<String, String> names(String departmentId, Collection<String> fileIds) {
    return fileIds.isEmpty() ? Map.of() : rows.names(departmentId, fileIds);
  }

  /** Refuses early what {@link #add} would refuse, before the content is published. */
  @Transactional
  public void requireRoom(String departmentId, long bytes) {
    quota.require(departmentId, bytes);
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return rows.findById(id).map(FileRow::departmentId);
  }

  public Optional<FileRow> find(String departmentId, String fileId) {
    return rows.find(departmentId, fileId, clock.instant());
  }

  /** As it is answered. */
  public FileRow.FileObject object(FileRow file) {
    return objects(List.of(file)).getFirst();
  }

  /** As they are answered, with when their department's retention removes them. */
  public List<FileRow.FileObject> objects(List<FileRow> files) {
    Map<String, Instant> removedAt =
        notices.deleteAt(RetentionKind.DATASETS, files.stream().map(FileRow::id).toList());
    return files.stream()
        .map(file -> FileRow.FileObject.of(file, removedAt.get(file.id())))
        .toList();
  }

  /**
   * One page and one more, to know whether there are more.
   *
   * @param purpose only files of it, or null for all
   */
  public List<FileRow> list(String departmentId, @Nullable String purpose, Cursor page) {
    List<String> purposes =
        purpose == null
            ? Arrays.stream(FilePurpose.values()).map(FilePurpose::wireName).toList()
            : List.of(purpose);
    int limit = page.limit() + 1;
    String after = page.after();
    if (after != null && !ID.matcher(after).matches()) {
      return List.of();
    }
    return switch (page.order()) {
      case ASC ->
          rows.listAscending(
              departmentId, purposes, after == null ? PREFIX : after, clock.instant(), limit);
      case DESC ->
          rows.listDescending(
              departmentId, purposes, after == null ? AFTER_ALL : after, clock.instant(), limit);
    };
  }

  /**
   * Deletes the file unless something unfinished uses it; false if there is none. Its blob goes
   * when no other has the same content.
   */
  @Transactional
  public boolean delete(String departmentId, String fileId) {
    Optional<FileRow> file = rows.findToChange(departmentId, fileId, clock.instant());
    if (file.isEmpty()) {
      return false;
    }
    userOf(departmentId, fileId)
        .ifPresent(
            user -> {
              throw new RequestFailed(
                  ProblemType.WRONG_STATE,
                  "The file is used by " + user + ", which has not ended.",
                  "file_id");
            });
    rows.delete(departmentId, List.of(fileId));
    notices.drop(RetentionKind.DATASETS, fileId);
    audit.write("file.deleted", departmentId, fileId, Map.of("filename", file.get().filename()));
    return true;
  }

  /**
   * Deletes a file whose time is over, unless something unfinished uses it; whether it did. To all
   * others it has been gone since it expired.
   */
  @Transactional
  public boolean deleteExpired(String fileId) {
    Optional<FileRow> file =
        rows.findExpiredToChange(fileId, clock.instant())
            .filter(row -> userOf(row.departmentId(), fileId).isEmpty());
    if (file.isEmpty()) return false;
    rows.delete(file.get().departmentId(), List.of(fileId));
    notices.drop(RetentionKind.DATASETS, fileId);
    return true;
  }

  /** What must end before the file may be deleted. */
  public Optional<String> userOf(String departmentId, String fileId) {
    return uses.stream().flatMap(use -> use.userOf(departmentId, fileId).stream()).findFirst();
  }

  private FileRow row(NewFile file, BlobRef blob) {
    return FileRow.of(ids.next(PREFIX), file, blob, clock.instant());
  }

  /** Implemented by those who work with files: what must end before a file may be deleted. */
  public interface FileUse {
    /** The id of something unfinished that uses this file, such as a job, if there is one. */
    Optional<String> userOf(String departmentId, String fileId);
  }

  /**
   * The published content of a file that is not recorded yet.
   *
   * @param checked what its validation found, or null if that is still to come
   */
  record ArrivedFile(BlobRef blob, FileValidation.@Nullable CheckedFile checked) {}
}
