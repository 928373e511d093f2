package dev.graft.tenancy;

import jakarta.persistence.Column;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.Generated;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code department}, as far as administrators decide. What jobs count in the same row
 * ({@code running}, {@code used}, {@code month_seconds}) is not mapped: the queue's statements move
 * it.
 */
@Entity
@DynamicUpdate
@Table(name = "department")
class DepartmentRow {
  @Id private String id;
  private String name;

  @SuppressWarnings("UnusedVariable") // for the names of models, which the queue's statements make
  @Column(updatable = false)
  private String slug;

  @Generated(sql = "graft_now()")
  @Column(updatable = false)
  @SuppressWarnings("NullAway.Init") // until it is flushed
  private Instant createdAt;

  private @Nullable Instant archivedAt;
  @Embedded private LimitSettings limits;

  @SuppressWarnings("UnusedVariable") // read with the counters, see DepartmentLimits
  private @Nullable String modelMode;

  @SuppressWarnings("UnusedVariable")
  private @Nullable List<String> modelIds;

  @SuppressWarnings("UnusedVariable")
  @Version
  private @Nullable Integer version;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected DepartmentRow() {}

  DepartmentRow(String id, String name, LimitSettings limits) {
    this.id = id;
    this.name = name;
    this.slug = slug(name);
    this.limits = limits;
  }

  /** What stands for a name where only a-z, 0-9 and - may: in the names of models. */
  private static String slug(String name) {
    String slug =
        name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    return slug.isEmpty() ? "department" : slug;
  }

  /** For good; false if it is archived already. */
  boolean archive(Instant now) {
    if (archivedAt != null) return false;
    archivedAt = now;
    return true;
  }

  boolean isArchived() {
    return archivedAt != null;
  }

  void rename(String wanted) {
    name = wanted;
  }

  void limit(LimitSettings wanted) {
    limits = wanted;
  }

  /**
   * @param mode {@code allow_list} or {@code deny_list}; null with null = every base model
   */
  void permit(@Nullable String mode, @Nullable List<String> models) {
    modelMode = mode;
    modelIds = models;
  }

  LimitSettings limits() {
    return limits;
  }

  Department department() {
    return new Department(id, name, createdAt, archivedAt);
  }

  String id() {
    return id;
  }
}
