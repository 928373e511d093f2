package dev.graft.tenancy.keys;

import dev.graft.tenancy.Role;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A key with whose it is, as {@link ApiKeyRows#READ} has it.
 *
 * @param id of the owner; null for an administrator's without one
 */
record OwnedKey(
    ApiKeyRow key,
    @Nullable String id,
    @Nullable String name,
    @Nullable String email,
    String role,
    @Nullable Instant since) {
  ApiKey shown() {
    return key.shown(
        id == null
            ? null
            : new ApiKey.Owner(
                id,
                Objects.requireNonNull(name),
                email,
                Role.of(role),
                Objects.requireNonNull(since)));
  }
}
