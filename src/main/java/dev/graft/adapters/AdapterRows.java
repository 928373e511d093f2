package dev.graft.adapters;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;

/** The rows, always by department. */
interface AdapterRows extends JpaRepository<AdapterRow, String> {
  Optional<AdapterRow> findByDepartmentIdAndId(String departmentId, String id);

  Optional<AdapterRow> findByDepartmentIdAndName(String departmentId, String name);

  /** Of whichever department: only to say whose it is. */
  Optional<AdapterRow> findFirstByIdOrName(String id, String name);

  List<AdapterRow> findByDepartmentIdOrderByCreatedAtDescIdDesc(String departmentId, Limit limit);

  /** The rows after (older than) a place in the newest-first order. */
  @Query(
      """
      select a from AdapterRow a
      where a.departmentId = :departmentId
        and (a.createdAt < :createdAt or (a.createdAt = :createdAt and a.id < :id))
      order by a.createdAt desc, a.id desc
      """)
  List<AdapterRow> findAfter(String departmentId, Instant createdAt, String id, Limit limit);

  @Modifying
  @Query(
      """
      update AdapterRow a set a.archive = :archive, a.archiveBytes = :bytes
      where a.departmentId = :departmentId and a.id = :id and a.archive is null
      """)
  int keepArchive(String departmentId, String id, String archive, long bytes);
}
