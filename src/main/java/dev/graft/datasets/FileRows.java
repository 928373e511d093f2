package dev.graft.datasets;

import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;

/** The rows, by department, and only until they expire. Ids grow with time: lists go by id. */
public interface FileRows extends JpaRepository<FileRow, String> {
  String THERE =
      """
      select f from FileRow f
      where f.departmentId = :departmentId and f.id = :id
        and (f.expiresAt is null or f.expiresAt > :now)
      """;

  @Query(THERE)
  Optional<FileRow> find(String departmentId, String id, Instant now);

  /** As {@link #find}, and no one deletes the file before this transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_READ)
  @Query(THERE)
  Optional<FileRow> findToUse(String departmentId, String id, Instant now);

  /** As {@link #find}, and no one starts to use the file before this transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(THERE)
  Optional<FileRow> findToChange(String departmentId, String id, Instant now);

  @Query(
      """
      select f from FileRow f
      where f.departmentId = :departmentId and f.purpose in :purposes and f.id > :after
        and (f.expiresAt is null or f.expiresAt > :now)
      order by f.id
      """)
  List<FileRow> listAscending(
      String departmentId, Collection<String> purposes, String after, Instant now, Limit limit);

  @Query(
      """
      select f from FileRow f
      where f.departmentId = :departmentId and f.purpose in :purposes and f.id < :before
        and (f.expiresAt is null or f.expiresAt > :now)
      order by f.id desc
      """)
  List<FileRow> listDescending(
      String departmentId, Collection<String> purposes, String before, Instant now, Limit limit);

  /** A file whose time is over, if it still lies there. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select f from FileRow f where f.id = :id and f.expiresAt <= :now")
  Optional<FileRow> findExpiredToChange(String id, Instant now);

  @Query("select f.id from FileRow f where f.expiresAt <= :now order by f.expiresAt")
  List<String> findExpired(Instant now, Limit limit);

  List<FileRow> findByDepartmentIdAndIdIn(String departmentId, Collection<String> ids);

  @Modifying
  @Query("delete from FileRow f where f.departmentId = :departmentId and f.id in :ids")
  void delete(String departmentId, Collection<String> ids);

  /** Of the department's files and what was made from them. */
  @Query(
      """
      select coalesce(sum(f.bytes + coalesce(f.rowsBytes, 0)), 0) from FileRow f
      where f.departmentId = :departmentId
      """)
  long storedBytes(String departmentId);
}
