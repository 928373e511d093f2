package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.graft.platform.AssignedId;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.EnumeratedValue;
import java.time.Instant;
import java.util.Locale;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An evaluation: its plan, which never changes, and its state, which {@link EvaluationLedger} and
 * {@link Evaluations#cancel} change by SQL.
 */
@Entity
@DynamicUpdate
class Evaluation extends AssignedId {
  /** Kind of the leased work. */
  static final String WORK = "evaluation";

  @Column(updatable = false)
  private String departmentId;

  @Column(updatable = false)
  private String fileId;

  @JdbcTypeCode(SqlTypes.ARRAY)
  @Column(updatable = false)
  private String[] models;

  @JdbcTypeCode(SqlTypes.JSON)
  @Column(updatable = false)
  private String plan;

  @Column(updatable = false)
  private Instant createdAt;

  @Enumerated(EnumType.STRING)
  @Column(updatable = false)
  private Status status = Status.QUEUED;

  @Column(updatable = false)
  private @Nullable Instant startedAt;

  @Column(updatable = false)
  private @Nullable Instant endedAt;

  @Column(updatable = false)
  private @Nullable Integer questions;

  @Column(updatable = false)
  private long passedOver;

  @Column(updatable = false)
  private int answered;

  @JdbcTypeCode(SqlTypes.JSON)
  @Column(updatable = false, columnDefinition = "json")
  private @Nullable String results;

  @Column(updatable = false)
  private @Nullable String errorCode;

  @Column(updatable = false)
  private @Nullable String errorMessage;

  @Column(updatable = false)
  private @Nullable String waitsFor;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected Evaluation() {}

  Evaluation(String id, String departmentId, EvaluationPlan plan, Instant now) {
    super(id);
    this.departmentId = departmentId;
    this.fileId = plan.file();
    this.models = plan.allModels().toArray(String[]::new);
    this.plan = plan.write();
    this.createdAt = now;
  }

  enum Status {
    QUEUED,
    RUNNING,
    SUCCEEDED,
    FAILED,
    CANCELLED;

    @EnumeratedValue private final String wire = name().toLowerCase(Locale.ROOT);

    @JsonValue
    String wire() {
      return wire;
    }
  }

  /**
   * @param code for programs
   * @param message a sentence for users
   */
  record Failure(String code, String message) {}

  Status status() {
    return status;
  }

  EvaluationPlan plan() {
    return EvaluationPlan.read(plan);
  }

  Instant createdAt() {
    return createdAt;
  }

  @Nullable Instant startedAt() {
    return startedAt;
  }

  @Nullable Instant endedAt() {
    return endedAt;
  }

  /** Returns the number of questions; null until they have been chosen. */
  @Nullable Integer questions() {
    return questions;
  }

  /** Returns the number of rows of the file that cannot be used as questions. */
  long passedOver() {
    return passedOver;
  }

  /** Returns the number of answers of all models so far. */
  int answered() {
    return answered;
  }

  /** Returns {@link EvaluationResults} as JSON, once it has succeeded. */
  @Nullable JsonNode results() {
    return results == null ? null : JsonMapper.shared().readTree(results);
  }

  /** Returns why it failed, or null. */
  @Nullable Failure error() {
    return errorCode == null ? null : new Failure(errorCode, String.valueOf(errorMessage));
  }

  /** Returns what it waits for, or null. */
  @Nullable String waitsFor() {
    return waitsFor;
  }
}
