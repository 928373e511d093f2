package dev.graft.platform;

import jakarta.persistence.Id;
import jakarta.persistence.MappedSuperclass;
import jakarta.persistence.PostLoad;
import jakarta.persistence.PostPersist;
import jakarta.persistence.Transient;
import org.springframework.data.domain.Persistable;

/** An entity whose id is assigned before it is saved, so that {@code save} inserts a new one. */
@MappedSuperclass
public abstract class AssignedId implements Persistable<String> {
  @Id private String id;

  @Transient private boolean inserted;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected AssignedId() {}

  protected AssignedId(String id) {
    this.id = id;
  }

  public String id() {
    return id;
  }

  @Override
  public String getId() {
    return id;
  }

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
