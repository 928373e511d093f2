package dev.graft.adapters;

import dev.graft.spec.ExportForm;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;
import org.springframework.transaction.annotation.Transactional;

/** The exports of adapters. An update that returns 0 found no export that has yet to end. */
interface AdapterExports extends Repository<AdapterExport, String> {
  String OF_FORM =
      """
      where e.departmentId = :departmentId and e.adapterId = :adapterId
        and e.form = :form and e.options = :options
      """;

  String UNFINISHED = " where e.id = :id and e.endedAt is null";

  AdapterExport save(AdapterExport export);

  Optional<AdapterExport> findById(String id);

  Optional<AdapterExport> findByDepartmentIdAndAdapterIdAndId(
      String departmentId, String adapterId, String id);

  /** Returns the export of this form that has not failed. */
  default Optional<AdapterExport> equal(Adapter adapter, ExportForm form) {
    return equal(
        adapter.departmentId(), adapter.id(), form.kind().wireName(), form.options().toString());
  }

  @Query("select e from AdapterExport e " + OF_FORM + " and e.state <> 'failed'")
  Optional<AdapterExport> equal(String departmentId, String adapterId, String form, String options);

  @Modifying
  @Query("delete from AdapterExport e " + OF_FORM + " and e.state = 'failed'")
  void deleteFailed(String departmentId, String adapterId, String form, String options);

  /** Newest first. */
  @Query(
      """
      select e from AdapterExport e
       where e.departmentId = :departmentId and e.adapterId = :adapterId
         and (:after is null or e.id < :after)
       order by e.id desc
      """)
  List<AdapterExport> page(
      String departmentId, String adapterId, @Nullable String after, Limit limit);

  @Transactional
  @Modifying
  @Query(
      "update AdapterExport e set e.state = 'running', e.doneBytes = :done, e.totalBytes = :total"
          + UNFINISHED)
  int progress(String id, long done, @Nullable Long total);

  /** Keeps the error of an attempt that is repeated. */
  @Transactional
  @Modifying
  @Query("update AdapterExport e set e.error = left(:error, 2000)" + UNFINISHED)
  void attemptFailed(String id, String error);

  @Transactional
  @Modifying
  @Query(
      """
      update AdapterExport e
         set e.state = 'succeeded', e.error = null, e.endedAt = :now, e.contentDigest = :digest,
             e.contentBytes = :bytes, e.doneBytes = coalesce(e.totalBytes, e.doneBytes)
      """
          + UNFINISHED)
  int succeed(String id, String digest, long bytes, Instant now);

  @Transactional
  @Modifying
  @Query(
      "update AdapterExport e set e.state = 'failed', e.error = left(:error, 2000), e.endedAt = :now"
          + UNFINISHED)
  int fail(String id, String error, Instant now);

  /** The content stays until nothing refers to it. */
  @Modifying
  @Query("delete from AdapterExport e where e.id = :id")
  void delete(String id);
}
