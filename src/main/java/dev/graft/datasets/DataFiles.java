package dev.graft.datasets;

import dev.graft.datasets.NewFile.FilePurpose;
import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The files of departments. Those that have expired do not exist for a department. */
interface DataFiles extends Repository<DataFile, String> {
  String PRESENT =
      """
      select f from DataFile f
       where f.departmentId = :departmentId and (f.expiresAt is null or f.expiresAt > :now)
      """;

  /** An id and the name that people know it by. */
  record Name(String id, String filename) {}

  /** Writes at once, because statements of the same transaction add up what is stored. */
  DataFile saveAndFlush(DataFile file);

  void delete(DataFile file);

  /** Deletes those that still exist. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query("delete from DataFile f where f.departmentId = :departmentId and f.id in :ids")
  void deleteAll(String departmentId, Collection<String> ids);

  /** Also finds files that have expired, of any department. */
  Optional<DataFile> findById(String id);

  @Query("select f.departmentId from DataFile f where f.id = :id")
  Optional<String> departmentOf(String id);

  @Query(PRESENT + " and f.id = :id")
  Optional<DataFile> find(String departmentId, String id, Instant now);

  /** As {@link #find}, with a lock under which the file cannot be deleted or changed. */
  @Lock(LockModeType.PESSIMISTIC_READ)
  @Query(PRESENT + " and f.id = :id")
  Optional<DataFile> findToUse(String departmentId, String id, Instant now);

  /** As {@link #find}, with a lock under which no one can begin to use the file. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(PRESENT + " and f.id = :id")
  Optional<DataFile> findToChange(String departmentId, String id, Instant now);

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select f from DataFile f where f.id = :id")
  Optional<DataFile> findToValidate(String id);

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select f from DataFile f where f.id = :id and f.expiresAt <= :now")
  Optional<DataFile> findExpiredToChange(String id, Instant now);

  @Lock(LockModeType.PESSIMISTIC_READ)
  @Query(
      """
      select f from DataFile f
       where f.id = :id and f.purpose = USER_DATA and (f.expiresAt is null or f.expiresAt > :now)
      """)
  Optional<DataFile> findUserDataToUse(String id, Instant now);

  @Query(PRESENT + " and f.purpose in :purposes and f.id > :after order by f.id")
  List<DataFile> listAscending(
      String departmentId,
      Collection<FilePurpose> purposes,
      String after,
      Instant now,
      Limit limit);

  @Query(PRESENT + " and f.purpose in :purposes and f.id < :before order by f.id desc")
  List<DataFile> listDescending(
      String departmentId,
      Collection<FilePurpose> purposes,
      String before,
      Instant now,
      Limit limit);

  @Query("select f.id from DataFile f where f.expiresAt <= :now order by f.expiresAt")
  List<String> findExpired(Instant now, Limit limit);

  List<Name> findByDepartmentIdAndIdIn(String departmentId, Collection<String> ids);

  /** The bytes of the department's files and of the rows that were made from them. */
  @Query(
      """
      select coalesce(sum(f.bytes + coalesce(f.rowsBytes, 0)), 0) from DataFile f
       where f.departmentId = :departmentId
      """)
  long storedBytes(String departmentId);
}
