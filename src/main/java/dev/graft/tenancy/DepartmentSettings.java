package dev.graft.tenancy;

import dev.graft.platform.AssignedId;
import dev.graft.tenancy.Limits.LimitSettings;
import jakarta.persistence.Column;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.Generated;
import org.hibernate.generator.EventType;
import org.jspecify.annotations.Nullable;

/**
 * A department as administrators set it. What jobs count in the same row ({@code running}, {@code
 * used}, {@code month_seconds}) is not mapped: the queue's statements move it.
 */
@Entity
@Table(name = "department")
@DynamicUpdate
class DepartmentSettings extends AssignedId {
  @Column private String name;

  /** Stands for the name in the names of models; stays as it is when the department is renamed. */
  @Column(updatable = false)
  private String slug;

  @Embedded private LimitSettings limits;

  /** {@code allow_list} or {@code deny_list}; null = every base model. */
  @Column private @Nullable String modelMode;

  @Column private @Nullable List<String> modelIds;

  /** By the clock of the database, so that the newest comes first whichever server created it. */
  @Generated(event = EventType.INSERT, sql = "graft_now()")
  @Column(updatable = false)
  private Instant createdAt;

  @Column private @Nullable Instant archivedAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected DepartmentSettings() {}

  @SuppressWarnings("NullAway.Init") // createdAt is generated
  DepartmentSettings(String id, String name, LimitSettings limits) {
    super(id);
    this.name = name;
    this.slug = slug(name);
    this.limits = limits;
  }

  /** Returns the name with a-z, 0-9 and - only. */
  private static String slug(String name) {
    String slug =
        name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    return slug.isEmpty() ? "department" : slug;
  }

  LimitSettings limits() {
    return limits;
  }

  void limit(LimitSettings limits) {
    this.limits = limits;
  }

  /**
   * @param mode {@code allow_list} or {@code deny_list}; null with null = every base model
   */
  void permit(@Nullable String mode, @Nullable List<String> models) {
    modelMode = mode;
    modelIds = models;
  }
}
