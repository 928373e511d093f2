package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonValue;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.EnumeratedValue;
import jakarta.persistence.FetchType;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import java.time.Instant;
import java.util.Objects;
import org.hibernate.annotations.Formula;
import org.hibernate.annotations.Immutable;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** One entry in the history of an alias. It never changes. */
@Entity
@Immutable
class ModelAliasMove {
  @Id private String id;

  @ManyToOne(fetch = FetchType.LAZY)
  @JoinColumn(name = "department_id", referencedColumnName = "department_id")
  @JoinColumn(name = "alias", referencedColumnName = "name")
  private ModelAlias alias;

  /** From 1, without gaps. */
  private int number;

  @Enumerated(EnumType.STRING)
  private Kind kind;

  @Column(name = "from_model")
  private @Nullable String from;

  @Column(name = "to_model")
  private String to;

  /** Number of the move whose model a rollback of this one goes back to. */
  @Column private @Nullable Integer earlier;

  private @Nullable String reason;

  /** JSON of the {@link QualityGate.PassedGates} that allowed the move. */
  @JdbcTypeCode(SqlTypes.JSON)
  private @Nullable String evidence;

  private String movedBy;

  /** Name or email of the actor; read from the database only. */
  @Formula("account_name(moved_by)")
  private @Nullable String movedByName;

  private Instant createdAt;

  enum Kind {
    CREATED("created"),
    MOVED("moved"),
    ROLLED_BACK("rolled_back");

    @EnumeratedValue @JsonValue final String wire;

    Kind(String wire) {
      this.wire = wire;
    }
  }

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected ModelAliasMove() {}

  /** Moves the alias from the model that it stands for now; a new one has none. */
  ModelAliasMove(
      String id,
      ModelAlias alias,
      int number,
      Kind kind,
      String to,
      @Nullable Integer earlier,
      @Nullable String reason,
      @Nullable String evidence,
      String movedBy,
      Instant now) {
    this.id = id;
    this.alias = alias;
    this.number = number;
    this.kind = kind;
    this.from = kind == Kind.CREATED ? null : alias.model();
    this.to = to;
    this.earlier = earlier;
    this.reason = reason;
    this.evidence = evidence;
    this.movedBy = movedBy;
    this.createdAt = now;
  }

  int number() {
    return number;
  }

  @Nullable String from() {
    return from;
  }

  String to() {
    return to;
  }

  AliasController.AliasMoveObject object() {
    return new AliasController.AliasMoveObject(
        id,
        "alias.move",
        alias.name(),
        kind,
        from,
        to,
        reason,
        evidence == null ? null : JsonMapper.shared().readTree(evidence),
        Objects.requireNonNullElse(movedByName, movedBy),
        createdAt.getEpochSecond());
  }

  Instant createdAt() {
    return createdAt;
  }
}
