package dev.graft.evaluation.api;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;

/** The evaluations, by department. Ids grow with time: lists go by id. */
interface EvaluationRows extends JpaRepository<EvaluationRow, String> {
  Optional<EvaluationRow> findByDepartmentIdAndId(String departmentId, String id);

  @Query("select e.departmentId from EvaluationRow e where e.id = :id")
  Optional<String> departmentOf(String id);

  /** Nothing of it changes before this transaction ends, nor does whoever works at it go on. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select e from EvaluationRow e where e.departmentId = :departmentId and e.id = :id")
  Optional<EvaluationRow> findToChange(String departmentId, String id);

  /** Newest first. */
  @Query(
      """
      select e from EvaluationRow e
       where e.departmentId = :departmentId and (:after is null or e.id < :after)
       order by e.id desc
      """)
  List<EvaluationRow> page(String departmentId, @Nullable String after, Limit limit);

  /** Newest first, only where this model is asked. */
  @Query(
      """
      select e from EvaluationRow e
       where e.departmentId = :departmentId and (:after is null or e.id < :after)
         and array_position(e.models, :model) > 0
       order by e.id desc
      """)
  List<EvaluationRow> pageOf(
      String departmentId, String model, @Nullable String after, Limit limit);

  /** Ids of those that will read this file. */
  @Query(
      """
      select e.id from EvaluationRow e
       where e.departmentId = :departmentId and e.fileId = :fileId
         and e.endedAt is null and e.questions is null
      """)
  List<String> findUsers(String departmentId, String fileId, Limit limit);

  @Query(
      "select e.id from EvaluationRow e where e.departmentId = :departmentId and e.endedAt is null")
  List<String> findOpen(String departmentId);

  long countByDepartmentId(String departmentId);

  long countByDepartmentIdAndEndedAtIsNull(String departmentId);

  /** With questions and answers; how many. */
  @Modifying
  @Query(
      """
      delete from EvaluationRow e
       where e.departmentId = :departmentId and e.id = :id and e.endedAt is not null
      """)
  int deleteEnded(String departmentId, String id);
}
