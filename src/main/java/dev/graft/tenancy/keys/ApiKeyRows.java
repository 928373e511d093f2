package dev.graft.tenancy.keys;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;

/** The keys; without a department, those of administrators. */
interface ApiKeyRows extends JpaRepository<ApiKeyRow, String> {
  /** A key that is not revoked, with whose it is. */
  String READ =
      """
      select new dev.graft.tenancy.keys.OwnedKey(
               k, coalesce(s.id, p.id), coalesce(s.name, p.name, p.email), p.email,
               coalesce(s.role, m.role, 'none'), coalesce(s.createdAt, m.addedAt, p.createdAt))
        from ApiKeyRow k
        left join ServiceAccountRow s on s.id = k.serviceAccountId
        left join PersonRow p on p.id = k.personId
        left join MemberRow m
          on m.id.personId = k.personId and m.id.departmentId = k.departmentId
       where k.departmentId is not distinct from :department and k.revokedAt is null
      """;

  @Query(READ + " and k.id = :id")
  Optional<OwnedKey> find(@Nullable String department, String id);

  /** Newest first; an unknown cursor gives nothing. */
  @Query(
      READ
          + """
             and (:after is null
                  or (k.createdAt, k.id) < (select a.createdAt, a.id from ApiKeyRow a
                                             where a.id = :after
                                               and a.departmentId is not distinct from :department))
             order by k.createdAt desc, k.id desc
            """)
  List<OwnedKey> page(@Nullable String department, @Nullable String after, Limit limit);

  /** Whoever ends a key does so alone. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select k from ApiKeyRow k where k.id = :id")
  Optional<ApiKeyRow> findToChange(String id);

  boolean existsByHash(byte[] hash);

  /** Administrators' that are not revoked. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(
      """
      select k from ApiKeyRow k
       where k.departmentId is null and k.name = :name and k.revokedAt is null
      """)
  List<ApiKeyRow> findNamedToChange(String name);
}
