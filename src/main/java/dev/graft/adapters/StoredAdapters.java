package dev.graft.adapters;

import jakarta.persistence.LockModeType;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The rows of adapters. {@link AdapterIndex} has the searches. */
interface StoredAdapters extends Repository<StoredAdapter, String> {
  String THERE = "select a from StoredAdapter a where a.deletedAt is null and ";
  String NEWEST_FIRST = " order by a.createdAt desc, a.id desc";

  StoredAdapter saveAndFlush(StoredAdapter adapter);

  @Query(THERE + "a.departmentId = :departmentId and a.id = :id")
  Optional<StoredAdapter> find(String departmentId, String id);

  @Query(THERE + "a.departmentId = :departmentId and a.name = :name")
  Optional<StoredAdapter> named(String departmentId, String name);

  /** No other transaction changes the row before this one ends ({@code for no key update}). */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(THERE + "a.departmentId = :departmentId and a.id = :id")
  Optional<StoredAdapter> findToChange(String departmentId, String id);

  /** No other transaction changes or deletes it before this one ends ({@code for share}). */
  @Lock(LockModeType.PESSIMISTIC_READ)
  @Query(THERE + "a.departmentId = :departmentId and :nameOrId in (a.name, a.id)")
  Optional<StoredAdapter> findToHold(String departmentId, String nameOrId);

  /** Of any department. */
  Optional<StoredAdapter> findByIdAndDeletedAtIsNull(String id);

  /** Of all departments. */
  List<StoredAdapter> findByBaseModelInAndDeletedAtIsNull(Collection<String> baseModels);

  @Query(THERE + "a.departmentId = :departmentId" + NEWEST_FIRST)
  List<StoredAdapter> all(String departmentId);

  @Query(THERE + "a.id in :ids" + NEWEST_FIRST)
  List<StoredAdapter> all(Collection<String> ids);

  @Query(
      """
      select a.name from StoredAdapter a
       where a.departmentId = :departmentId and a.deletedAt is null
      """
          + NEWEST_FIRST)
  List<String> names(String departmentId, Limit limit);

  long countByBaseModelAndDeletedAtIsNull(String baseModel);

  /** Of a deleted one, too. */
  @Query("select a.departmentId from StoredAdapter a where a.id = :id or a.name = :name limit 1")
  Optional<String> departmentOf(String id, String name);

  /** Finds a deleted one, too. */
  Optional<StoredAdapter> findByDepartmentIdAndId(String departmentId, String id);

  /** Finds deleted ones, too. */
  List<StoredAdapter> findByDepartmentIdAndOriginJobIdIn(
      String departmentId, Collection<String> jobIds);

  /**
   * Keeps the archive unless there is one: the first of several servers wins. It is not a change
   * that clients see, so the version stays.
   */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query(
      """
      update StoredAdapter a set a.archive = :archive, a.archiveBytes = :bytes
       where a.id = :id and a.archive is null and a.deletedAt is null
      """)
  int keepArchive(String id, String archive, long bytes);
}
