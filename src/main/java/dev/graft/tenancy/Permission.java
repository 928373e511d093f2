package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.Set;

/** Permission to use a group of routes. The {@code scopes} of a key are names of permissions. */
public enum Permission {
  FILES_READ("api.files.read"),
  FILES_WRITE("api.files.write"),
  FINE_TUNING_READ("api.fine_tuning.read"),
  FINE_TUNING_WRITE("api.fine_tuning.write"),
  /** Models and adapters. */
  MODELS_READ("api.models.read"),
  MODELS_WRITE("api.models.write"),
  /** Sending requests to a model. */
  MODEL_REQUEST("api.model.request"),
  /** The department: its members, keys, limits and usage. */
  PROJECT_READ("api.project.read"),
  PROJECT_WRITE("api.project.write"),
  /** All departments, and the things that they share. */
  ORGANIZATION_READ("api.organization.read"),
  ORGANIZATION_WRITE("api.organization.write");

  /** The permissions of an administrator, who belongs to no department. */
  public static final Set<Permission> OF_ADMINISTRATORS =
      Set.of(PROJECT_READ, PROJECT_WRITE, ORGANIZATION_READ, ORGANIZATION_WRITE);

  private final String scope;

  Permission(String scope) {
    this.scope = scope;
  }

  /** The name on the wire. */
  public String scope() {
    return scope;
  }

  static Permission of(String scope) {
    return Arrays.stream(values())
        .filter(each -> each.scope.equals(scope))
        .findFirst()
        .orElseThrow(
            () ->
                RequestFailed.invalid(
                    "scopes",
                    "No such scope: '"
                        + scope
                        + "'; known are "
                        + String.join(", ", Arrays.stream(values()).map(p -> p.scope).toList())
                        + "."));
  }

  public static Set<Permission> of(Collection<String> scopes) {
    Set<Permission> permissions = EnumSet.noneOf(Permission.class);
    scopes.forEach(scope -> permissions.add(of(scope)));
    return permissions;
  }
}
