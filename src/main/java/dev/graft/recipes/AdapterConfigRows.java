package dev.graft.recipes;

import jakarta.persistence.LockModeType;
import java.util.Optional;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;

interface AdapterConfigRows extends JpaRepository<AdapterConfigRow, String> {
  boolean existsByDepartmentIdAndNameAndDeletedAtIsNull(String departmentId, String name);

  /**
   * By id or name; no one else adds a version before this transaction ends, so that numbers have no
   * gap.
   */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(
      """
      select c from AdapterConfigRow c
      where c.departmentId = :departmentId and :key in (c.id, c.name) and c.deletedAt is null
      """)
  Optional<AdapterConfigRow> findToChange(String departmentId, String key);
}
