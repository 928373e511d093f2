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

/** The departments, archived ones too. */
interface AllDepartments extends Repository<DepartmentSettings, String> {
  String READ =
      """
      select new dev.graft.tenancy.Department(d.id, d.name, d.createdAt, d.archivedAt)
        from DepartmentSettings d
      """;

  DepartmentSettings saveAndFlush(DepartmentSettings department);

  Optional<DepartmentSettings> findById(String id);

  /** The row stays locked until the transaction ends; a claim waits for it. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select d from DepartmentSettings d where d.id = :id")
  Optional<DepartmentSettings> findToChange(String id);

  @Query(READ + " where d.id = :id")
  Optional<Department> read(String id);

  @Query("select d.id from DepartmentSettings d where lower(d.name) = lower(:name)")
  Optional<String> idOf(String name);

  /** Newest first; an unknown cursor gives nothing. */
  @Query(
      READ
          + """
           where (:archivedToo = true or d.archivedAt is null)
             and (:after is null
                  or (d.createdAt, d.id) <
                     (select last.createdAt, last.id from DepartmentSettings last
                       where last.id = :after))
           order by d.createdAt desc, d.id desc
          """)
  List<Department> newest(boolean archivedToo, @Nullable String after, Limit limit);

  /** Returns 0 if the department is archived. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query("update DepartmentSettings d set d.name = :name where d.id = :id and d.archivedAt is null")
  int rename(String id, String name);

  /** Returns 0 if the department is archived already. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query(
      "update DepartmentSettings d set d.archivedAt = :now where d.id = :id and d.archivedAt is null")
  int archive(String id, Instant now);
}
