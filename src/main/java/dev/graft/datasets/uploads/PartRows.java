package dev.graft.datasets.uploads;

import java.time.Instant;
import java.util.List;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

/** The parts of uploads. */
interface PartRows extends JpaRepository<PartRow, String> {
  List<PartRow> findByUploadId(String uploadId);

  long countByUploadId(String uploadId);

  @Query("select coalesce(sum(p.bytes), 0) from PartRow p where p.uploadId = :uploadId")
  long arrivedBytes(String uploadId);

  @Query(
      """
      select p.id from PartRow p
      where p.uploadId = :uploadId and (p.bytes is not null or p.createdAt <= :before)
      """)
  List<String> findToDrop(String uploadId, Instant before);

  /** Uploads that have ended and still have parts. */
  @Query(
      """
      select distinct p.uploadId from PartRow p, UploadRow u
      where u.id = p.uploadId and u.status <> 'pending'
      """)
  List<String> findUploadsToTidy(Limit limit);
}
