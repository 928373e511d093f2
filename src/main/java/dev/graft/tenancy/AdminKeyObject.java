package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.platform.UnixTime;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's AdminApiKey, then Graft's {@code replaces}.
 *
 * @param replaces id of the key that was rotated to this one, or null
 * @param value the key itself, only in the answer that makes it
 */
record AdminKeyObject(
    String id,
    String object,
    String name,
    String redactedValue,
    long createdAt,
    @Nullable Long expiresAt,
    @Nullable Long lastUsedAt,
    Owner owner,
    @Nullable String replaces,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String value) {

  /** Who asked for it: a person, an account, another administrator's key, or a command. */
  record Owner(String type, String object, String id, String name, long createdAt, String role) {}

  static AdminKeyObject of(ApiKey key, @Nullable String value) {
    String by = key.createdBy() == null ? "command" : key.createdBy();
    return new AdminKeyObject(
        key.id(),
        "organization.admin_api_key",
        key.name(),
        key.prefix() + "...",
        key.createdAt().getEpochSecond(),
        UnixTime.seconds(key.expiresAt()),
        UnixTime.seconds(key.lastUsedAt()),
        new Owner("user", "organization.user", by, by, key.createdAt().getEpochSecond(), "owner"),
        key.replaces(),
        value);
  }
}
