package dev.graft.datasets;

import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The uploads of departments, with their parts. */
interface Uploads extends Repository<Upload, String> {
  String DELETE_SOME_ENDED =
      """
      delete from upload
       where id in (select u.id from upload u
                     where u.status <> 'pending' and u.expires_at <= :before
                       and not exists (select from upload_part p where p.upload_id = u.id)
                     limit :limit)
      """;

  /**
   * What an upload has.
   *
   * @param bytes of the parts that have arrived
   */
  record Contents(long parts, long bytes) {}

  Upload save(Upload upload);

  @Query("select u.departmentId from Upload u where u.id = :id")
  Optional<String> departmentOf(String id);

  Optional<Upload> findByDepartmentIdAndId(String departmentId, String id);

  /** Locks the upload, so that only one transaction at a time ends it or records a part of it. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select u from Upload u where u.departmentId = :departmentId and u.id = :id")
  Optional<Upload> findToChange(String departmentId, String id);

  @Query(
      "select count(u) from Upload u where u.departmentId = :departmentId and u.status = PENDING")
  long countPending(String departmentId);

  @Query(
      """
      select coalesce(sum(u.bytes), 0) from Upload u
       where u.departmentId = :departmentId and u.status = PENDING
      """)
  long announcedBytes(String departmentId);

  /** Returns how many expired. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query("update Upload u set u.status = EXPIRED where u.status = PENDING and u.expiresAt <= :now")
  int expire(Instant now);

  /** Forgets some that ended long ago and have no parts. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query(value = DELETE_SOME_ENDED, nativeQuery = true)
  void deleteEnded(Instant before, int limit);

  @Query("select p from UploadPart p where p.upload = :upload")
  List<UploadPart> parts(Upload upload);

  @Query(
      """
      select new dev.graft.datasets.Uploads$Contents(count(p), coalesce(sum(p.bytes), 0))
        from UploadPart p where p.upload = :upload
      """)
  Contents contents(Upload upload);

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select p from UploadPart p where p.id = :id")
  Optional<UploadPart> findPartToChange(String id);

  /** Ids of the parts that are not arriving any more. */
  @Query(
      """
      select p.id from UploadPart p
       where p.upload.id = :uploadId and (p.bytes is not null or p.createdAt <= :before)
      """)
  List<String> findPartsToDrop(String uploadId, Instant before);

  /** Ids of uploads that have ended and still have parts. */
  @Query("select distinct u.id from UploadPart p join p.upload u where u.status <> PENDING")
  List<String> findEndedWithParts(Limit limit);

  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query("delete from UploadPart p where p.id = :id")
  void deletePart(String id);
}
