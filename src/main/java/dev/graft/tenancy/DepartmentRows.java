package dev.graft.tenancy;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;

/** The departments. Whoever changes one reads it by {@link #findToChange}. */
interface DepartmentRows extends JpaRepository<DepartmentRow, String> {
  String READ =
      """
      select new dev.graft.tenancy.Department(d.id, d.name, d.createdAt, d.archivedAt)
        from DepartmentRow d
      """;

  @Query(READ + " where d.id = :id")
  Optional<Department> read(String id);

  @Query("select d.id from DepartmentRow d where lower(d.name) = lower(:name)")
  Optional<String> findIdByName(String name);

  /** Others who would change it wait until this transaction ends; the queue goes on counting. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select d from DepartmentRow d where d.id = :id")
  Optional<DepartmentRow> findToChange(String id);

  /** Newest first; an unknown cursor gives nothing. */
  @Query(
      READ
          + """
             where (:archivedToo = true or d.archivedAt is null)
               and (:after is null
                    or (d.createdAt, d.id) < (select a.createdAt, a.id from DepartmentRow a
                                               where a.id = :after))
             order by d.createdAt desc, d.id desc
            """)
  List<Department> page(boolean archivedToo, @Nullable String after, Limit limit);
}
