package dev.graft.tenancy;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A key to make.
 *
 * @param departmentId null for an administrator's
 * @param serviceAccountId whose it is; null if it is a person's or an administrator's
 * @param scopes names of {@code Permission}s; null = all that its owner may do
 * @param lifetime how long it is valid; null = until revoked
 */
record NewKey(
    @Nullable String departmentId,
    String name,
    boolean admin,
    @Nullable String serviceAccountId,
    @Nullable String personId,
    @Nullable List<String> scopes,
    @Nullable Duration lifetime) {

  static NewKey administrators(String name, @Nullable Duration lifetime) {
    return new NewKey(null, name, true, null, null, null, lifetime);
  }

  static NewKey ofAccount(
      ServiceAccount account, String name, @Nullable List<String> scopes, @Nullable Duration life) {
    return new NewKey(account.departmentId(), name, false, account.id(), null, scopes, life);
  }
}
