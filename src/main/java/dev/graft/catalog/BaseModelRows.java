package dev.graft.catalog;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.NativeQuery;
import org.springframework.transaction.annotation.Transactional;

interface BaseModelRows extends JpaRepository<BaseModelRow, String> {
  List<BaseModelRow> findAllByOrderByName();

  /** Inserts unless the name is taken; whoever comes second changes nothing. */
  @Transactional
  @Modifying
  @NativeQuery(
      """
      insert into base_model
        (name, family, manifest, parameters, context_length, bytes, license, created_at)
      values (:name, :family, :manifest, :parameters, :contextLength, :bytes, :license, :createdAt)
      on conflict (name) do nothing
      """)
  int insertIfAbsent(
      String name,
      String family,
      String manifest,
      long parameters,
      int contextLength,
      long bytes,
      @Nullable String license,
      Instant createdAt);

  @Transactional
  @Modifying(clearAutomatically = true)
  @NativeQuery(
      """
      update base_model set disabled_at = case when not :enabled then graft_now() end
       where name = :name
      """)
  int enable(String name, boolean enabled);

  @Transactional
  @Modifying(clearAutomatically = true)
  @NativeQuery("delete from base_model where name = :name")
  int remove(String name);
}
