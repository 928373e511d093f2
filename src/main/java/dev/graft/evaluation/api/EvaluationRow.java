package dev.graft.evaluation.api;

import dev.graft.evaluation.Evaluation;
import dev.graft.evaluation.StoredPlans;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code evaluation}, as its department asks. What is not insertable is moved by the
 * statements of whoever works at it ({@code EvaluationLedger}), which end it too.
 */
@Entity
@DynamicUpdate
@Table(name = "evaluation")
class EvaluationRow {
  @Id private String id;

  @Column(updatable = false)
  private String departmentId;

  private String status;

  @SuppressWarnings("UnusedVariable") // for queries, as the models
  @Column(updatable = false)
  private String fileId;

  @SuppressWarnings("UnusedVariable")
  @Column(updatable = false)
  private List<String> models;

  @JdbcTypeCode(SqlTypes.JSON)
  @Column(updatable = false)
  private String plan;

  @Column(updatable = false)
  private Instant createdAt;

  @Column(insertable = false, updatable = false)
  private @Nullable Instant startedAt;

  private @Nullable Instant endedAt;

  @Column(insertable = false, updatable = false)
  private @Nullable Integer questions;

  @Column(insertable = false, updatable = false)
  private long passedOver;

  @Column(insertable = false, updatable = false)
  private int answered;

  @JdbcTypeCode(SqlTypes.JSON)
  @Column(columnDefinition = "json", insertable = false, updatable = false)
  private @Nullable String results;

  @Column(insertable = false, updatable = false)
  private @Nullable String errorCode;

  @Column(insertable = false, updatable = false)
  private @Nullable String errorMessage;

  private @Nullable String waitsFor;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected EvaluationRow() {}

  /**
   * @param plan as {@link StoredPlans} writes it
   */
  EvaluationRow(
      String id,
      String departmentId,
      String fileId,
      List<String> models,
      String plan,
      Instant createdAt) {
    this.id = id;
    this.departmentId = departmentId;
    this.status = Evaluation.Status.QUEUED.wire();
    this.fileId = fileId;
    this.models = models;
    this.plan = plan;
    this.createdAt = createdAt;
  }

  /** False if it has ended already. */
  boolean cancel(Instant now) {
    if (endedAt != null) return false;
    status = Evaluation.Status.CANCELLED.wire();
    endedAt = now;
    waitsFor = null;
    return true;
  }

  Evaluation evaluation(StoredPlans plans) {
    return new Evaluation(
        id,
        Evaluation.Status.of(status),
        plans.read(plan),
        createdAt,
        startedAt,
        endedAt,
        questions,
        passedOver,
        answered,
        results == null ? null : plans.results(results),
        errorCode == null ? null : new Evaluation.Failure(errorCode, String.valueOf(errorMessage)),
        waitsFor);
  }
}
