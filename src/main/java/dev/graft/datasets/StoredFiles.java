package dev.graft.datasets;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;
import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.toMap;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import dev.graft.datasets.DataFile.FileObject;
import dev.graft.datasets.DataFile.FileStatus;
import dev.graft.datasets.FileValidation.CheckedFile;
import dev.graft.datasets.NewFile.FilePurpose;
import dev.graft.datasets.StorageQuota.Reservation;
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
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The files of the departments. */
@Service
public class StoredFiles implements Owned {
  /** The kind of work that validates a file. */
  public static final String VALIDATION = "file_validation";

  private static final String PREFIX = "file-";
  private static final Pattern ID = Pattern.compile("file-[0-9a-z]{26}");

  /** Sorts after every file id. */
  private static final String AFTER_ALL = PREFIX + "~";

  private final DataFiles rows;
  private final ObjectProvider<FileUse> uses;
  private final StorageQuota quota;
  private final RetentionNotices notices;
  private final LeasedWork work;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  StoredFiles(
      DataFiles rows,
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
   * Returns a processed file of this department that a job can train on. It cannot be deleted
   * before the transaction ends, so that the caller can record its use (see {@link FileUse}) by
   * then.
   *
   * @param param the request field to name in the error, such as {@code training_file}
   */
  @Transactional
  public TrainingFile requireTrainable(String departmentId, String fileId, String param) {
    DataFile file =
        rows.findToUse(departmentId, fileId, clock.instant())
            .orElseThrow(
                () -> RequestFailed.invalid(param, "No such file: " + fileId).about(fileId));
    if (!file.is(FilePurpose.FINE_TUNE)) {
      throw RequestFailed.invalid(param, fileId + " does not have the purpose 'fine-tune'.");
    }
    if (file.has(FileStatus.UPLOADED)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          fileId + " is still being validated; wait until its status is 'processed'.",
          param);
    }
    if (file.has(FileStatus.ERROR)) {
      throw requireNonNull(file.validation())
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
    DataFile result = newFile(file, blob);
    result.skipValidation();
    return rows.saveAndFlush(result).id();
  }

  /** Deletes what {@link #storeResult} has recorded. */
  @Transactional
  public void deleteResults(String departmentId, List<String> fileIds) {
    if (!fileIds.isEmpty()) rows.deleteAll(departmentId, fileIds);
  }

  /**
   * Records a file whose content is published; returns its id.
   *
   * @param checked what its validation found; null = it is validated later
   */
  @Transactional
  public String add(NewFile file, BlobRef content, @Nullable CheckedFile checked) {
    quota.require(file.departmentId(), content.bytes());
    return addReserved(file, content, checked);
  }

  /** As {@link #add}, for a file whose room is reserved; this ends the reservation. */
  @Transactional
  public String add(
      NewFile file, BlobRef content, @Nullable CheckedFile checked, Reservation reservation) {
    quota.require(reservation, content.bytes());
    return addReserved(file, content, checked);
  }

  /** As {@link #add}, for a file whose room counts as taken already. */
  @Transactional
  public String addReserved(NewFile file, BlobRef content, @Nullable CheckedFile checked) {
    DataFile added = newFile(file, content);
    if (file.purpose() == FilePurpose.USER_DATA) added.skipValidation();
    else if (checked == null) work.add(VALIDATION, added.id(), file.departmentId());
    if (checked != null) added.validated(checked);
    Map<String, Object> details = Map.of("filename", file.filename(), "bytes", content.bytes());
    audit.write("file.created", file.departmentId(), added.id(), details);
    return rows.saveAndFlush(added).id();
  }

  /** Returns the names of those of these files that exist, by id. */
  public Map<String, String> names(String departmentId, Collection<String> fileIds) {
    if (fileIds.isEmpty()) return Map.of();
    return rows.findByDepartmentIdAndIdIn(departmentId, fileIds).stream()
        .collect(toMap(DataFiles.Name::id, DataFiles.Name::filename));
  }

  /** Refuses early what {@link #add} would refuse, before the content is published. */
  @Transactional
  public void requireRoom(String departmentId, long bytes) {
    quota.require(departmentId, bytes);
  }

  /** Whether this is the id of a file. */
  public static boolean isFile(String id) {
    return id.startsWith(PREFIX);
  }

  /**
   * Finds a file of purpose {@code user_data}, of any department. It cannot be deleted before the
   * transaction ends; a {@link FileUse} protects it afterwards.
   */
  @Transactional
  public Optional<UserFile> findUserData(String id) {
    return rows.findUserDataToUse(id, clock.instant())
        .map(file -> new UserFile(file.filename(), file.blob()));
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return rows.departmentOf(id);
  }

  Optional<DataFile> find(String departmentId, String fileId) {
    return rows.find(departmentId, fileId, clock.instant());
  }

  FileObject object(DataFile file) {
    return objects(List.of(file)).getFirst();
  }

  /**
   * Returns the files as answers, with the time at which their department's retention removes them.
   */
  List<FileObject> objects(List<DataFile> files) {
    Map<String, Instant> removedAt =
        notices.deleteAt(RetentionKind.DATASETS, files.stream().map(DataFile::id).toList());
    return files.stream().map(file -> file.object(removedAt.get(file.id()))).toList();
  }

  /**
   * Returns one page and one more file, which shows whether there are more.
   *
   * @param purpose only files of it, or null for all
   */
  List<DataFile> list(String departmentId, @Nullable String purpose, Cursor page) {
    List<FilePurpose> purposes =
        purpose == null
            ? List.of(FilePurpose.values())
            : FilePurpose.named(purpose).stream().toList();
    String after = page.after();
    if (purposes.isEmpty() || after != null && !ID.matcher(after).matches()) return List.of();
    Instant now = clock.instant();
    Limit limit = Limit.of(page.limit() + 1);
    return switch (page.order()) {
      case ASC ->
          rows.listAscending(departmentId, purposes, after == null ? PREFIX : after, now, limit);
      case DESC ->
          rows.listDescending(
              departmentId, purposes, after == null ? AFTER_ALL : after, now, limit);
    };
  }

  /**
   * Deletes the file unless something unfinished uses it; returns false if it does not exist. Its
   * blob goes when no other file has the same content.
   */
  @Transactional
  public boolean delete(String departmentId, String fileId) {
    DataFile file = rows.findToChange(departmentId, fileId, clock.instant()).orElse(null);
    if (file == null) return false;
    userOf(departmentId, fileId)
        .ifPresent(
            user -> {
              throw new RequestFailed(
                  ProblemType.WRONG_STATE,
                  "The file is in use by " + user + ", which has not ended.",
                  "file_id");
            });
    rows.delete(file);
    notices.drop(RetentionKind.DATASETS, fileId);
    audit.write("file.deleted", departmentId, fileId, Map.of("filename", file.filename()));
    return true;
  }

  /**
   * Deletes an expired file unless something unfinished uses it; returns whether it was deleted.
   * For departments it has not existed since it expired.
   */
  @Transactional
  public boolean deleteExpired(String fileId) {
    DataFile file = rows.findExpiredToChange(fileId, clock.instant()).orElse(null);
    if (file == null || userOf(file.departmentId(), fileId).isPresent()) return false;
    rows.delete(file);
    notices.drop(RetentionKind.DATASETS, fileId);
    return true;
  }

  /** Returns the id of something that must end before the file can be deleted. */
  public Optional<String> userOf(String departmentId, String fileId) {
    return uses.stream().flatMap(use -> use.userOf(departmentId, fileId).stream()).findFirst();
  }

  private DataFile newFile(NewFile file, BlobRef content) {
    return new DataFile(ids.next(PREFIX), file, content, clock.instant());
  }

  /** Implemented by modules that work with files, to protect them from deletion. */
  public interface FileUse {
    /** Returns the id of something unfinished that uses this file, such as a job, if any. */
    Optional<String> userOf(String departmentId, String fileId);
  }

  /**
   * A file of purpose {@code user_data}, as it was uploaded.
   *
   * @param filename for people; never a path
   */
  public record UserFile(String filename, BlobRef content) {}

  /** The digests of files: of what was uploaded and of the rows made from it. */
  @Component
  static class FileBlobs implements BlobReferences {
    @Override
    public List<BlobColumn> columns() {
      return List.of(
          new BlobColumn("file", "digest", BLOB), new BlobColumn("file", "rows_digest", BLOB));
    }

    /** Parts of uploads. */
    @Override
    public Map<String, String> kept() {
      return Map.of("upload_part", "id");
    }
  }
}
