package dev.graft.tenancy;

import org.jspecify.annotations.Nullable;

/**
 * Who acts, for the record: through a key, or as a person who has signed in.
 *
 * @param keyId the key that was shown; null for a person with a token of the identity provider
 * @param personId the person, or the person whose key it is
 * @param serviceAccountId the service account whose key it is
 */
public record Actor(
    @Nullable String keyId,
    @Nullable String personId,
    @Nullable String email,
    @Nullable String serviceAccountId) {

  /** The account that acts: person or service account, else the key itself. */
  public String account() {
    if (personId != null) return personId;
    if (serviceAccountId != null) return serviceAccountId;
    return keyId == null ? "" : keyId;
  }

  /** What stands for them where people read who it was: the key, or the person without one. */
  public String id() {
    return keyId == null ? account() : keyId;
  }
}
