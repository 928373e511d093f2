package dev.graft.adapters;

import java.util.Optional;
import org.springframework.stereotype.Component;

/** The adapters that a department sees: its own, and those of others that it may use. */
@Component
class VisibleAdapters {
  private final Adapters adapters;
  private final CheckpointPermissions permissions;

  VisibleAdapters(Adapters adapters, CheckpointPermissions permissions) {
    this.adapters = adapters;
    this.permissions = permissions;
  }

  /** By id. */
  public Optional<Adapter> find(String departmentId, String id) {
    return adapters
        .find(departmentId, id)
        .or(
            () ->
                adapters
                    .any(id)
                    .filter(a -> permissions.access(a.name(), departmentId).isPresent()));
  }

  public boolean mayDownload(String departmentId, Adapter adapter) {
    return adapter.departmentId().equals(departmentId)
        || permissions
            .access(adapter.name(), departmentId)
            .filter(access -> access == ModelAccess.DOWNLOAD)
            .isPresent();
  }
}
