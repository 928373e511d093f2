package dev.graft.adapters.registry;

import jakarta.persistence.LockModeType;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;

/** The rows; those of deleted ones are found only where that is said. */
interface AdapterRows extends JpaRepository<AdapterRow, String> {
  Optional<AdapterRow> findByDepartmentIdAndIdAndDeletedAtIsNull(String departmentId, String id);

  Optional<AdapterRow> findByDepartmentIdAndNameAndDeletedAtIsNull(
      String departmentId, String name);

  Optional<AdapterRow> findByIdAndDeletedAtIsNull(String id);

  /** No one else changes it before this transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(
      """
      select a from AdapterRow a
      where a.departmentId = :departmentId and a.id = :id and a.deletedAt is null
      """)
  Optional<AdapterRow> findToChange(String departmentId, String id);

  /** No one deletes it before this transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_READ)
  @Query(
      """
      select a from AdapterRow a
      where a.departmentId = :departmentId and (a.name = :nameOrId or a.id = :nameOrId)
        and a.deletedAt is null
      """)
  Optional<AdapterRow> findToHold(String departmentId, String nameOrId);

  /** Newest first. */
  List<AdapterRow> findByDepartmentIdAndDeletedAtIsNullOrderByCreatedAtDescIdDesc(
      String departmentId);

  /** Newest first. */
  @Query(
      """
      select a.name from AdapterRow a
      where a.departmentId = :departmentId and a.deletedAt is null
      order by a.createdAt desc, a.id desc
      """)
  List<String> names(String departmentId, Limit most);

  /** Of all departments. */
  List<AdapterRow> findByBaseModelInAndDeletedAtIsNull(Collection<String> baseModels);

  /** Newest first. */
  List<AdapterRow> findByIdInAndDeletedAtIsNullOrderByCreatedAtDescIdDesc(Collection<String> ids);

  /** Deleted ones too, as below. */
  Optional<AdapterRow> findByDepartmentIdAndId(String departmentId, String id);

  List<AdapterRow> findByDepartmentIdAndJobIdIn(String departmentId, Collection<String> jobIds);

  Optional<AdapterRow> findFirstByIdOrName(String id, String name);

  long countByBaseModelAndDeletedAtIsNull(String baseModel);

  /** Unless there is one: the first of several servers decides. What people say stays as it is. */
  @Modifying
  @Query(
      """
      update AdapterRow a set a.archive = :archive, a.archiveBytes = :bytes
      where a.id = :id and a.archive is null and a.deletedAt is null
      """)
  int keepArchive(String id, String archive, long bytes);

  @Modifying
  @Query("update AdapterRow a set a.archive = null, a.archiveBytes = null where a.id = :id")
  void dropArchive(String id);
}
