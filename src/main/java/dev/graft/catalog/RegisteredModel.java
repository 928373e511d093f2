package dev.graft.catalog;

import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.PostLoad;
import jakarta.persistence.PostPersist;
import jakarta.persistence.Table;
import jakarta.persistence.Transient;
import org.hibernate.annotations.DynamicUpdate;
import org.springframework.data.domain.Persistable;

/** The row of a base model. A name keeps its content; only {@code disabledAt} ever changes. */
@Entity
@Table(name = "base_model")
@DynamicUpdate
class RegisteredModel implements Persistable<String> {
  @Id private String name;
  @Embedded private BaseModel model;
  @Transient private boolean inserted;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected RegisteredModel() {}

  RegisteredModel(BaseModel model) {
    this.name = model.name();
    this.model = model;
  }

  BaseModel model() {
    return model;
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
