package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Profile;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The files of the departments. */
@Service
@Profile("server")
public class Files {
  private final FileRows rows;
  private final ObjectProvider<FileUse> uses;
  private final Clock clock;

  Files(FileRows rows, ObjectProvider<FileUse> uses, Clock clock) {
    this.rows = rows;
    this.uses = uses;
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
        rows.findToUse(departmentId, fileId, now())
            .orElseThrow(
                () -> new FileRefused(param, "invalid_file", "no file '" + shown(fileId) + "'"));
    if (!file.is(FilePurpose.FINE_TUNE)) {
      throw new FileRefused(param, "invalid_file", "its purpose is not 'fine-tune'");
    }
    if (file.has(FileStatus.UPLOADED)) {
      throw new FileRefused(
          param, "file_not_ready", "it is still being validated; wait for status 'processed'");
    }
    if (file.has(FileStatus.ERROR)) {
      throw new FileRefused(
          param, "invalid_file", "it is not valid training data", file.problems());
    }
    return file.trainingFile();
  }

  /** Records a file that Graft made (purpose {@code fine-tune-results}); returns its id. */
  @Transactional
  public String storeResult(String departmentId, String filename, BlobRef blob) {
    NewFile file = new NewFile(departmentId, filename, FilePurpose.FINE_TUNE_RESULTS, null);
    return rows.save(row(file, blob).processed()).id();
  }

  /** Records an uploaded file, with what its validation found or to be validated later. */
  @Transactional
  FileRow add(NewFile file, BlobRef blob, @Nullable Validation validation) {
    FileRow row = row(file, blob);
    return rows.save(validation == null ? row : row.validated(validation));
  }

  Optional<FileRow> find(String departmentId, String fileId) {
    return rows.find(departmentId, fileId, now());
  }

  /** One page and one more, to know whether there are more. */
  List<FileRow> list(String departmentId, FilePage page) {
    List<String> purposes =
        page.purpose() == null
            ? Arrays.stream(FilePurpose.values()).map(FilePurpose::wireName).toList()
            : List.of(page.purpose());
    Limit limit = Limit.of(page.limit() + 1);
    String after = page.after();
    if (after != null && !FileIds.valid(after)) {
      return List.of();
    }
    return page.ascending()
        ? rows.listAscending(
            departmentId, purposes, after == null ? FileIds.BEFORE_ALL : after, now(), limit)
        : rows.listDescending(
            departmentId, purposes, after == null ? FileIds.AFTER_ALL : after, now(), limit);
  }

  /**
   * Deletes the file unless something unfinished uses it; false if there is none. Its blob is kept:
   * others may have the same content.
   */
  @Transactional
  boolean delete(String departmentId, String fileId) {
    Optional<FileRow> file = rows.findToChange(departmentId, fileId, now());
    if (file.isEmpty()) {
      return false;
    }
    uses.stream()
        .flatMap(use -> use.userOf(departmentId, fileId).stream())
        .findFirst()
        .ifPresent(
            user -> {
              throw new FileRefused(
                  "file_id", "file_in_use", "it is used by " + user + ", which has not ended");
            });
    rows.delete(file.get());
    return true;
  }

  private FileRow row(NewFile file, BlobRef blob) {
    Instant now = now();
    return new FileRow(FileIds.next(now), file, blob, now);
  }

  private Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  private static String shown(String id) {
    return FileIds.valid(id) ? id : "(not a file id)";
  }
}
