package dev.graft.tenancy;

import org.jspecify.annotations.Nullable;

/**
 * Who did something, for the audit log: the holder of a key, or a person who has signed in.
 *
 * @param keyId the key that was sent; null for a person with a token of the identity provider
 * @param personId the person, or the owner of the key
 * @param serviceAccountId the service account that owns the key
 */
public record Actor(
    @Nullable String keyId,
    @Nullable String personId,
    @Nullable String email,
    @Nullable String serviceAccountId) {

  /** Returns the id of the person or service account, otherwise of the key. */
  public String account() {
    if (personId != null) return personId;
    if (serviceAccountId != null) return serviceAccountId;
    return keyId == null ? "" : keyId;
  }

  /** Returns the id of the key, or of the person if there is no key. */
  public String id() {
    return keyId == null ? account() : keyId;
  }
}
