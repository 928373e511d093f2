package dev.graft.tenancy.keys;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;

/** The service accounts that are not deleted, by department. */
interface ServiceAccountRows extends JpaRepository<ServiceAccountRow, String> {
  String READ =
      """
      select s from ServiceAccountRow s
       where s.departmentId = :department and s.deletedAt is null
      """;

  @Query(READ + " and s.id = :id")
  Optional<ServiceAccountRow> find(String department, String id);

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(READ + " and s.id = :id")
  Optional<ServiceAccountRow> findToChange(String department, String id);

  /** Newest first; an unknown cursor gives nothing. */
  @Query(
      READ
          + """
             and (:after is null
                  or s.id < (select a.id from ServiceAccountRow a
                              where a.id = :after and a.departmentId = :department))
             order by s.id desc
            """)
  List<ServiceAccountRow> page(String department, @Nullable String after, Limit limit);
}
