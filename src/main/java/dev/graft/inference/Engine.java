package dev.graft.inference;

import dev.graft.inference.EngineSync.EngineHealth;
import dev.graft.inference.EngineSync.FoundModel;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.PostLoad;
import jakarta.persistence.PostPersist;
import jakarta.persistence.Transient;
import java.time.Instant;
import java.util.List;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Persistable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** What the last check of an engine found. The engine itself is in the settings. */
@Entity
@DynamicUpdate
class Engine implements Persistable<String> {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final TypeReference<List<FoundModel>> MODELS = new TypeReference<>() {};

  @Id private String name;
  private String status;
  private @Nullable String error;
  private Instant checkedAt;
  private Instant since;

  @JdbcTypeCode(SqlTypes.JSON)
  private String models;

  @Transient private boolean inserted;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected Engine() {}

  /** Has no status until {@link #checked}. */
  Engine(String name) {
    this();
    this.name = name;
  }

  /** Records a check; returns whether it changes the status. */
  boolean checked(EngineHealth found, Instant now) {
    boolean changed = !found.status().wire().equals(status);
    status = found.status().wire();
    error = found.error();
    models = JSON.writeValueAsString(found.models());
    checkedAt = now;
    if (changed) since = now;
    return changed;
  }

  String name() {
    return name;
  }

  String status() {
    return status;
  }

  /** Returns why the engine is not ready. */
  @Nullable String error() {
    return error;
  }

  Instant checkedAt() {
    return checkedAt;
  }

  /** Returns the time of the check that changed the status. */
  Instant since() {
    return since;
  }

  List<FoundModel> models() {
    return JSON.readValue(models, MODELS);
  }

  @Override
  public String getId() {
    return name;
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
