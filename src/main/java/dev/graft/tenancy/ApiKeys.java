package dev.graft.tenancy;

import dev.graft.platform.BearerAuthenticator;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.Secrets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** API keys: {@link Secrets} of departments, shown once, listed by their first characters. */
@Service
@Profile("server")
public class ApiKeys implements BearerAuthenticator {
  private static final String PREFIX = "sk-graft-";
  private static final int SHOWN = PREFIX.length() + 6;

  /** {@code last_used_at} is moved no more often than this: it is a hint, not a log. */
  private static final Duration USE_RESOLUTION = Duration.ofMinutes(1);

  private final ApiKeyRows rows;
  private final DepartmentRows departments;
  private final Ids ids;
  private final Clock clock;

  ApiKeys(ApiKeyRows rows, DepartmentRows departments, Ids ids, Clock clock) {
    this.rows = rows;
    this.departments = departments;
    this.ids = ids;
    this.clock = clock;
  }

  /** A new key; {@code secret} exists only here. */
  public record Created(String id, String secret) {}

  /** What may be shown of a key later. */
  public record Listed(
      String id,
      String prefix,
      Caller.Scope scope,
      Instant createdAt,
      @Nullable Instant expiresAt,
      @Nullable Instant revokedAt,
      @Nullable Instant lastUsedAt) {}

  /** A key that never expires. */
  @Transactional
  public Created create(String departmentId, Caller.Scope scope) {
    return create(departmentId, scope, null);
  }

  /**
   * @param lifetime how long it is valid; null = until revoked
   */
  @Transactional
  public Created create(String departmentId, Caller.Scope scope, @Nullable Duration lifetime) {
    String secret = Secrets.next(PREFIX);
    String id = ids.next("key_");
    Instant now = clock.instant();
    String shown = secret.substring(0, SHOWN);
    Instant expiresAt = lifetime == null ? null : now.plus(lifetime);
    rows.save(new ApiKeyRow(id, departmentId, scope, shown, Secrets.hash(secret), now, expiresAt));
    return new Created(id, secret);
  }

  @Transactional
  public void revoke(String id) {
    ApiKeyRow row = rows.findById(id).orElseThrow(() -> RequestFailed.notFound("key", id));
    row.revoke(clock.instant());
    rows.save(row);
  }

  /** Revokes a key and gives its department another of the same scope and lifetime. */
  @Transactional
  public Created rotate(String id) {
    ApiKeyRow row = rows.findById(id).orElseThrow(() -> RequestFailed.notFound("key", id));
    if (!row.validAt(clock.instant())) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "This key is revoked or expired; create a new one.", "id");
    }
    Instant end = row.expiresAt();
    revoke(id);
    return create(
        row.departmentId(),
        row.scope(),
        end == null ? null : Duration.between(row.createdAt(), end));
  }

  @Transactional(readOnly = true)
  public List<Listed> list(String departmentId) {
    return rows.findByDepartmentIdOrderByCreatedAt(departmentId).stream()
        .map(
            row ->
                new Listed(
                    row.id(),
                    row.prefix(),
                    row.scope(),
                    row.createdAt(),
                    row.expiresAt(),
                    row.revokedAt(),
                    row.lastUsedAt()))
        .toList();
  }

  @Override
  public Surface surface() {
    return Surface.API;
  }

  @Override
  @Transactional
  public Optional<Bearer> authenticate(String token) {
    if (!token.startsWith(PREFIX)) return Optional.empty();
    Instant now = clock.instant();
    Optional<ApiKeyRow> found =
        rows.findByHash(Secrets.hash(token)).filter(row -> row.validAt(now));
    found.ifPresent(row -> noteUse(row, now));
    return found.flatMap(
        row ->
            departments
                .findById(row.departmentId())
                .map(d -> bearer(new Caller(d.id(), d.name(), row.id(), row.scope()))));
  }

  private void noteUse(ApiKeyRow row, Instant now) {
    Instant last = row.lastUsedAt();
    if (last == null || last.plus(USE_RESOLUTION).isBefore(now)) {
      row.usedAt(now);
      rows.save(row);
    }
  }

  private static Bearer bearer(Caller caller) {
    return new Bearer(caller, Set.of(caller.scope().name()));
  }
}
