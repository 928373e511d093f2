package dev.graft.evaluation;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/**
 * The evaluations of departments. {@link EvaluationLedger} has the statements of the server that
 * works at one. Ids grow with time, so lists are sorted by id.
 */
interface Evaluations extends Repository<Evaluation, String> {
  /** Writes at once, because leased work refers to the row. */
  Evaluation saveAndFlush(Evaluation evaluation);

  Optional<Evaluation> findByDepartmentIdAndId(String departmentId, String id);

  @Query("select e.departmentId from Evaluation e where e.id = :id")
  Optional<String> departmentOf(String id);

  long countByDepartmentId(String departmentId);

  /**
   * Newest first.
   *
   * @param model only evaluations of this model; null = all
   */
  @Query(
      nativeQuery = true,
      value =
          """
          select * from evaluation
           where department_id = :departmentId
             and (cast(:after as text) is null or id < cast(:after as text))
             and (cast(:model as text) is null or cast(:model as text) = any(models))
           order by id desc limit :limit
          """)
  List<Evaluation> page(
      String departmentId, @Nullable String model, @Nullable String after, int limit);

  @Query(
      """
      select e.id from Evaluation e
       where e.departmentId = :departmentId and e.fileId = :fileId and e.endedAt is null
         and e.questions is null
      """)
  List<String> unprepared(String departmentId, String fileId, Limit limit);

  @Query("select e.id from Evaluation e where e.departmentId = :departmentId and e.endedAt is null")
  List<String> findOpen(String departmentId);

  /** Returns 0 if it has already ended. The server that works at it stops. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query(
      nativeQuery = true,
      value =
          """
          update evaluation set status = 'cancelled', ended_at = :now, waits_for = null
           where department_id = :departmentId and id = :id and ended_at is null
          """)
  int cancel(String departmentId, String id, Instant now);

  /** Deletes it with questions and answers; returns 0 if there is no ended evaluation. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query(
      """
      delete from Evaluation e
       where e.departmentId = :departmentId and e.id = :id and e.endedAt is not null
      """)
  int deleteEnded(String departmentId, String id);
}
