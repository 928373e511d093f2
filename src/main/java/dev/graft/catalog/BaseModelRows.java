package dev.graft.catalog;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;

interface BaseModelRows extends JpaRepository<BaseModelRow, String> {
  List<BaseModelRow> findAllByOrderByName();

  /** No one else changes it before this transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query("select m from BaseModelRow m where m.name = :name")
  Optional<BaseModelRow> findToChange(String name);
}
