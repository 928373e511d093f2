package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** What a person or a service account is to a department, in OpenAI's words. */
enum Role {
  /** Uses the department and looks after its members and keys. */
  OWNER,
  /** Uses the department. */
  MEMBER,
  /** Nothing. */
  NONE;

  private static final Set<Permission> OF_OWNERS =
      EnumSet.range(Permission.FILES_READ, Permission.PROJECT_WRITE);

  public String wire() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Role of(String wire) {
    return valueOf(wire.toUpperCase(Locale.ROOT));
  }

  /** As a client sends it: {@code owner} or {@code member}. */
  public static Role parse(String wire) {
    return switch (wire) {
      case "owner" -> OWNER;
      case "member" -> MEMBER;
      default -> throw RequestFailed.invalid("role", "role must be owner or member.");
    };
  }

  public Set<Permission> permissions() {
    return switch (this) {
      case OWNER -> EnumSet.copyOf(OF_OWNERS);
      case MEMBER -> {
        Set<Permission> permissions = EnumSet.copyOf(OF_OWNERS);
        permissions.remove(Permission.PROJECT_WRITE);
        yield permissions;
      }
      case NONE -> EnumSet.noneOf(Permission.class);
    };
  }
}
