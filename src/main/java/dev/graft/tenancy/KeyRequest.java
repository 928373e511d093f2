package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A key that is asked for.
 *
 * @param scopes what it may do of what its owner may; null = all of it
 * @param expiresInSeconds 1 second to a year; null = until deleted
 */
record KeyRequest(
    @Nullable String name, @Nullable List<String> scopes, @Nullable Long expiresInSeconds) {
  private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}]{1,100}");
  private static final long LONGEST = Duration.ofDays(365).toSeconds();

  KeyRequest {
    if (name != null) requireName(name);
    if (scopes != null) Permission.of(scopes);
    if (expiresInSeconds != null && (expiresInSeconds < 1 || expiresInSeconds > LONGEST)) {
      throw RequestFailed.invalid(
          "expires_in_seconds", "expires_in_seconds must be from 1 to " + LONGEST + ".");
    }
  }

  String nameOr(String otherwise) {
    return name == null ? otherwise : name;
  }

  @Nullable Duration lifetime() {
    return expiresInSeconds == null ? null : Duration.ofSeconds(expiresInSeconds);
  }

  /** What the key may do of this. */
  Set<Permission> of(Set<Permission> owners) {
    Set<Permission> permissions = EnumSet.noneOf(Permission.class);
    permissions.addAll(owners);
    if (scopes != null) permissions.retainAll(Permission.of(scopes));
    return permissions;
  }

  /** The name of a key or of an account. */
  static String requireName(@Nullable String name) {
    String given = RequestFailed.required(name, "name");
    if (!NAME.matcher(given).matches()) {
      throw RequestFailed.invalid(
          "name", "A name has 1 to 100 characters, and no control characters.");
    }
    return given;
  }
}
