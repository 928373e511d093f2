package dev.graft.datasets;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.Limits.DepartmentLimits;
import dev.graft.tenancy.Limits.QuotaUsage;
import java.time.Duration;
import java.util.List;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/**
 * How much a department may store: its files, what its pending uploads and imports have announced,
 * and what was promised to those under way.
 */
@Component
class StorageQuota implements QuotaUsage {
  private static final Duration BUSY = Duration.ofSeconds(1);

  private final TransactionLocks locks;
  private final FileRows files;
  private final List<AnnouncedUploads> announced;
  private final StorageReservations reservations;
  private final DepartmentLimits limits;
  private final FileProperties settings;

  StorageQuota(
      TransactionLocks locks,
      FileRows files,
      List<AnnouncedUploads> announced,
      StorageReservations reservations,
      DepartmentLimits limits,
      FileProperties settings) {
    this.locks = locks;
    this.files = files;
    this.announced = announced;
    this.reservations = reservations;
    this.limits = limits;
    this.settings = settings;
  }

  /** What uploads, or imports, that are under way will need. */
  public interface AnnouncedUploads {
    /** Bytes that those of the department that have not ended have announced. */
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
    if (bytes > most - stored) throw full(stored, most);
  }

  /** As {@link #require}, for what the reservation was for, which ends herewith. */
  @Transactional(propagation = Propagation.MANDATORY)
  public void require(Reservation reservation, long bytes) {
    // First, as where one is made, which forgets those that have ended.
    locks.take("storage of " + reservation.departmentId());
    reservations.remove(reservation);
    require(reservation.departmentId(), bytes);
  }

  /**
   * Room and a place for an upload, before its first byte.
   *
   * @param bytes that may come: it gets what is left, if that is enough for the file
   * @param form bytes of these that may be none of the file's
   * @throws RequestFailed 429 if there is no room, or too many are under way
   */
  @Transactional
  public Reservation reserve(String departmentId, long bytes, long form) {
    locks.take("storage of " + departmentId);
    if (reservations.of(departmentId).uploads() >= settings.maxConcurrent()) {
      throw new RequestFailed(
              ProblemType.RATE_LIMITED,
              "%d uploads of this department are under way; try again when one of them has ended."
                  .formatted(settings.maxConcurrent()))
          .retryAfter(BUSY);
    }
    long most = most(departmentId);
    long stored = stored(departmentId);
    long left = Math.max(0, most - stored);
    if (bytes > 0 && (left == 0 || bytes - form > left)) throw full(stored, most);
    return reservations.add(departmentId, Math.min(bytes, left));
  }

  private static RequestFailed full(long stored, long most) {
    return new RequestFailed(
        ProblemType.QUOTA_EXCEEDED,
        "%d of the %d bytes that this department may store are taken; delete files first."
            .formatted(stored, most));
  }

  @Override
  public List<Measure> of(String departmentId) {
    return List.of(new Measure("stored_bytes", stored(departmentId), most(departmentId)));
  }

  private long stored(String departmentId) {
    return files.storedBytes(departmentId)
        + announced.stream().mapToLong(each -> each.announcedBytes(departmentId)).sum()
        + reservations.of(departmentId).bytes();
  }

  private long most(String departmentId) {
    Long said = limits.of(departmentId).maxStoredBytes();
    return said == null ? settings.maxStored().toBytes() : said;
  }
}
