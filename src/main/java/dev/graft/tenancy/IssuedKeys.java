package dev.graft.tenancy;

import jakarta.persistence.LockModeType;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The API keys of departments and, without a department, of administrators. */
interface IssuedKeys extends Repository<ApiKey, String> {
  String VALID =
      """
      select new dev.graft.tenancy.ApiKey$Owned(k, a, p, m)
        from ApiKey k
        left join ServiceAccount a on a.id = k.serviceAccountId
        left join Person p on p.id = k.personId
        left join DepartmentMember m
          on m.key.personId = k.personId and m.key.departmentId = k.departmentId
       where k.departmentId is not distinct from :departmentId and k.revokedAt is null
      """;

  ApiKey save(ApiKey key);

  boolean existsByHash(byte[] hash);

  /** Finds a key that is not revoked. */
  @Query(VALID + " and k.id = :id")
  Optional<ApiKey.Owned> find(@Nullable String departmentId, String id);

  /** Lists the keys that are not revoked, newest first; an unknown cursor gives nothing. */
  @Query(
      VALID
          + """
           and (:after is null
                or (k.createdAt, k.id) <
                   (select last.createdAt, last.id from ApiKey last
                     where last.id = :after
                       and last.departmentId is not distinct from :departmentId))
           order by k.createdAt desc, k.id desc
          """)
  List<ApiKey.Owned> newest(@Nullable String departmentId, @Nullable String after, Limit limit);

  /** Finds a key, revoked or not. The row stays locked until the transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select k from ApiKey k where k.id = :id")
  Optional<ApiKey> findToChange(String id);

  /** Revokes the administrators' keys of this name, except the one with this hash. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query(
      """
      update ApiKey k set k.revokedAt = :now
       where k.departmentId is null and k.name = :name and k.revokedAt is null and k.hash <> :hash
      """)
  void revokeOthers(String name, byte[] hash, Instant now);
}
