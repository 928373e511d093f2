package dev.graft.datasets;

import java.time.Clock;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;

/** Removes expired files and uploads; several servers may do so at once. */
@Service
public class FileRetention {
  private static final Logger log = LoggerFactory.getLogger(FileRetention.class);
  private static final int BATCH = 1000;

  private final StoredFiles files;
  private final DataFiles rows;
  private final UploadService uploads;
  private final UploadParts parts;
  private final FileImports imports;
  private final Clock clock;

  FileRetention(
      StoredFiles files,
      DataFiles rows,
      UploadService uploads,
      UploadParts parts,
      FileImports imports,
      Clock clock) {
    this.files = files;
    this.rows = rows;
    this.uploads = uploads;
    this.parts = parts;
    this.imports = imports;
    this.clock = clock;
  }

  /**
   * Deletes expired files that nothing unfinished uses, ends expired uploads, drops the parts of
   * those that have ended and forgets imports without a file. Returns how many files it deleted.
   */
  public int sweep() {
    int expiredUploads = uploads.expire();
    uploads.endedWithParts().forEach(parts::tidy);
    imports.forget();
    List<String> expired = rows.findExpired(clock.instant(), Limit.of(BATCH));
    int deleted = (int) expired.stream().filter(files::deleteExpired).count();
    if (deleted > 0 || expiredUploads > 0) {
      log.atInfo()
          .addKeyValue("files", deleted)
          .addKeyValue("uploads", expiredUploads)
          .log("expired");
    }
    return deleted;
  }
}
