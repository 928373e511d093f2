package dev.graft.tenancy;

import dev.graft.platform.UnixTime;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** OpenAI's Project: a department on the wire. */
record ProjectObject(
    String id,
    String object,
    String name,
    long createdAt,
    @Nullable Long archivedAt,
    String status) {
  static ProjectObject of(Department department) {
    Instant archived = department.archivedAt();
    return new ProjectObject(
        department.id(),
        "organization.project",
        department.name(),
        department.createdAt().getEpochSecond(),
        UnixTime.seconds(archived),
        archived == null ? "active" : "archived");
  }
}
