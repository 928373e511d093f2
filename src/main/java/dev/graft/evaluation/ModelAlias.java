package dev.graft.evaluation;

import dev.graft.adapters.ModelAliases;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import jakarta.persistence.CascadeType;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.EmbeddedId;
import jakarta.persistence.Entity;
import jakarta.persistence.OneToMany;
import jakarta.persistence.PostLoad;
import jakarta.persistence.PostPersist;
import jakarta.persistence.Transient;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Persistable;

/** A name that a department moves from one of its fine-tuned models to another. */
@Entity
@DynamicUpdate
class ModelAlias implements Persistable<ModelAlias.Key> {
  /** Has no colon, which the name of every fine-tuned model has. */
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  @EmbeddedId private Key key;

  /** Name of the adapter that answers. */
  private String model = "";

  /** Number of the move that chose the model; after a rollback, of the move it went back to. */
  private int chosenBy;

  @Column(updatable = false)
  private Instant createdAt;

  private Instant movedAt;

  /** Only ever added to; read by queries, page by page. */
  @OneToMany(mappedBy = "alias", cascade = CascadeType.PERSIST)
  private final List<ModelAliasMove> moves = new ArrayList<>();

  @Transient private boolean inserted;

  @Embeddable
  record Key(@Column(name = "department_id") String departmentId, String name) {}

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected ModelAlias() {}

  ModelAlias(Key key, Instant now) {
    this.key = key;
    this.createdAt = now;
    this.movedAt = now;
  }

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  /**
   * @throws RequestFailed if an alias cannot have this name
   */
  static String checkedName(@Nullable String name) {
    String given = RequestFailed.required(name, "name");
    if (isName(given) && !given.equals(EvaluationPlan.MAJORITY)) return given;
    throw RequestFailed.invalid(
        "name",
        "name must be 1 to 63 characters of a-z, 0-9, '.', '_' and '-', start with a letter or digit, and not be "
            + EvaluationPlan.MAJORITY
            + ", which is a baseline of evaluations.");
  }

  /**
   * Makes the alias stand for the model of the move, and keeps the move in the history.
   *
   * @param chosenBy number of the move, or of the move that a rollback goes back to
   */
  void add(ModelAliasMove move, int chosenBy) {
    moves.add(move);
    model = move.to();
    this.chosenBy = chosenBy;
    movedAt = move.createdAt();
  }

  /**
   * @param ifCurrent the model that the caller last saw, or null for any
   */
  void requireCurrent(@Nullable String ifCurrent) {
    if (ifCurrent == null || ifCurrent.equals(model)) return;
    throw new RequestFailed(
        ProblemType.PRECONDITION_FAILED,
        "The alias '%s' now stands for '%s'. Read it again before you move it."
            .formatted(name(), model),
        "if_current");
  }

  AliasController.AliasObject object() {
    return new AliasController.AliasObject(
        name(), "alias", model, createdAt.getEpochSecond(), movedAt.getEpochSecond());
  }

  /** For other modules. */
  ModelAliases.Alias view() {
    return new ModelAliases.Alias(departmentId(), name(), model);
  }

  String departmentId() {
    return key.departmentId();
  }

  String name() {
    return key.name();
  }

  String model() {
    return model;
  }

  int chosenBy() {
    return chosenBy;
  }

  @Override
  public Key getId() {
    return key;
  }

  /** Ids are assigned, so that a missing id does not mean a new row. */
  @Override
  public boolean isNew() {
    return !inserted;
  }

  @PostLoad
  @PostPersist
  void inserted() {
    inserted = true;
  }
}
