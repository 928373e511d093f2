package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.platform.UnixTime;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's ProjectApiKey, then Graft's {@code scopes}, {@code expires_at} and {@code replaces}.
 *
 * @param ownerProjectAccess {@code inactive} if its owner may do nothing here
 * @param replaces id of the key that was rotated to this one, or null
 */
record ProjectKeyObject(
    String id,
    String object,
    String name,
    String redactedValue,
    long createdAt,
    @Nullable Long lastUsedAt,
    String ownerProjectAccess,
    Owner owner,
    @Nullable List<String> scopes,
    @Nullable Long expiresAt,
    @Nullable String replaces) {

  /** One of the two, as {@code type} says. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Owner(String type, @Nullable Account user, @Nullable Account serviceAccount) {}

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record Account(String id, @Nullable String email, String name, long createdAt, String role) {}

  /** Of a key of a department, which has an owner. */
  static ProjectKeyObject of(ApiKey key) {
    ApiKey.Owner owner = Objects.requireNonNull(key.owner());
    Account account =
        new Account(
            owner.id(),
            owner.email(),
            owner.name(),
            owner.since().getEpochSecond(),
            owner.role().wire());
    boolean person = owner.email() != null;
    return new ProjectKeyObject(
        key.id(),
        "organization.project.api_key",
        key.name(),
        key.prefix() + "...",
        key.createdAt().getEpochSecond(),
        UnixTime.seconds(key.lastUsedAt()),
        owner.role() == Role.NONE ? "inactive" : "active",
        person ? new Owner("user", account, null) : new Owner("service_account", null, account),
        key.scopes(),
        UnixTime.seconds(key.expiresAt()),
        key.replaces());
  }
}
