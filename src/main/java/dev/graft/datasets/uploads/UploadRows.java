package dev.graft.datasets.uploads;

import dev.graft.datasets.StorageQuota;
import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;

/** The uploads, by department. */
interface UploadRows extends JpaRepository<UploadRow, String>, StorageQuota.AnnouncedUploads {
  Optional<UploadRow> findByDepartmentIdAndId(String departmentId, String id);

  /** Whoever ends an upload, or adds to it, does so alone. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select u from UploadRow u where u.departmentId = :departmentId and u.id = :id")
  Optional<UploadRow> findToChange(String departmentId, String id);

  @Override
  @Query(
      """
      select coalesce(sum(u.bytes), 0) from UploadRow u
      where u.departmentId = :departmentId and u.status = 'pending'
      """)
  long announcedBytes(String departmentId);

  long countByDepartmentIdAndStatus(String departmentId, String status);

  @Modifying
  @Query(
      "update UploadRow u set u.status = 'expired' where u.status = 'pending' and u.expiresAt <="
          + " :now")
  int expire(Instant now);

  /** Ended long ago, and without parts. */
  @Query(
      """
      select u.id from UploadRow u
      where u.status <> 'pending' and u.expiresAt <= :before
        and not exists (select 1 from PartRow p where p.uploadId = u.id)
      """)
  List<String> findForgettable(Instant before, Limit limit);
}
