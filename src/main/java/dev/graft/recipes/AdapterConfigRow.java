package dev.graft.recipes;

import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A row of {@code adapter_config}: a name, whose settings are its versions. */
@Entity
@Table(name = "adapter_config")
class AdapterConfigRow {
  @Id private String id;
  private String departmentId;
  private String name;

  @SuppressWarnings("UnusedVariable") // a column to read by hand
  private Instant createdAt;

  @SuppressWarnings("UnusedVariable") // for queries
  private @Nullable Instant deletedAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected AdapterConfigRow() {}

  AdapterConfigRow(String id, String departmentId, String name, Instant createdAt) {
    this.id = id;
    this.departmentId = departmentId;
    this.name = name;
    this.createdAt = createdAt;
  }

  void delete(Instant now) {
    deletedAt = now;
  }

  String id() {
    return id;
  }

  String departmentId() {
    return departmentId;
  }

  String name() {
    return name;
  }
}
