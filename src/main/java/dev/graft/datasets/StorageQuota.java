package dev.graft.datasets;

import dev.graft.platform.database.TransactionLocks;
import dev.graft.platform.errors.ProblemType;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.tenancy.limits.DepartmentLimits;
import dev.graft.tenancy.limits.QuotaUsage;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** How much a department may store: its files, and what its pending uploads have announced. */
@Component
public class StorageQuota implements QuotaUsage {
  private final TransactionLocks locks;
  private final FileRows files;
  private final AnnouncedUploads uploads;
  private final DepartmentLimits limits;
  private final FileProperties settings;

  StorageQuota(
      TransactionLocks locks,
      FileRows files,
      AnnouncedUploads uploads,
      DepartmentLimits limits,
      FileProperties settings) {
    this.locks = locks;
    this.files = files;
    this.uploads = uploads;
    this.limits = limits;
    this.settings = settings;
  }

  /** What uploads that are under way will need. */
  public interface AnnouncedUploads {
    /** Bytes that the department's pending uploads have announced. */
    long announcedBytes(String departmentId);
  }

  /**
   * Throws {@link RequestFailed} 429 unless there is room for so many bytes more. Until the
   * transaction ends, no other of this department is told yes.
   */
  @Transactional(propagation = Propagation.MANDATORY)
  public void require(String departmentId, long bytes) {
    locks.take("storage of " + departmentId);
    long most = most(departmentId);
    long stored = stored(departmentId);
    if (bytes > most - stored) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "%d of the %d bytes that this department may store are taken; delete files first."
              .formatted(stored, most));
    }
  }

  @Override
  public List<Measure> of(String departmentId) {
    return List.of(new Measure("stored_bytes", stored(departmentId), most(departmentId)));
  }

  private long stored(String departmentId) {
    return files.storedBytes(departmentId) + uploads.announcedBytes(departmentId);
  }

  private long most(String departmentId) {
    Long said = limits.of(departmentId).maxStoredBytes();
    return said == null ? settings.maxStored().toBytes() : said;
  }
}
