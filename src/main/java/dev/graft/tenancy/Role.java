package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import jakarta.persistence.EnumeratedValue;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** The role of a person or a service account in a department, named as by OpenAI. */
enum Role {
  /** Uses the department and manages its members and keys. */
  OWNER("owner"),
  /** Uses the department. */
  MEMBER("member"),
  /** Has no permissions. */
  NONE("none");

  private static final Set<Permission> OF_OWNERS =
      EnumSet.range(Permission.FILES_READ, Permission.PROJECT_WRITE);

  /** As it stands in tables and on the wire. */
  @EnumeratedValue private final String wire;

  Role(String wire) {
    this.wire = wire;
  }

  String wire() {
    return wire;
  }

  static Role of(String wire) {
    return valueOf(wire.toUpperCase(Locale.ROOT));
  }

  /** Parses a role in a request: {@code owner} or {@code member}. */
  static Role parse(String wire) {
    return switch (wire) {
      case "owner" -> OWNER;
      case "member" -> MEMBER;
      default -> throw RequestFailed.invalid("role", "role must be owner or member.");
    };
  }

  Set<Permission> permissions() {
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
