package dev.graft.recipes;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

/** The versions of configurations that are there. */
interface AdapterConfigVersionRows
    extends JpaRepository<AdapterConfigVersionRow, AdapterConfigVersionRow.Key> {
  String OF_DEPARTMENT =
      """
      select v from AdapterConfigVersionRow v join fetch v.config c
      where c.departmentId = :departmentId and c.deletedAt is null
      """;

  String NEWEST =
      "(select max(w.key.version) from AdapterConfigVersionRow w where w.config.id = c.id)";

  /**
   * @param key id or name
   * @param version null = the newest
   */
  @Query(
      OF_DEPARTMENT
          + " and :key in (c.id, c.name) and v.key.version = coalesce(:version, "
          + NEWEST
          + ")")
  Optional<AdapterConfigVersionRow> find(
      String departmentId, String key, @Nullable Integer version);

  /** Newest versions, the newest configuration first. */
  @Query(
      OF_DEPARTMENT
          + " and (:after is null or c.id < :after) and v.key.version = "
          + NEWEST
          + " order by c.id desc")
  List<AdapterConfigVersionRow> list(String departmentId, @Nullable String after, Limit limit);

  /** All versions of one, the newest first. */
  @Query(OF_DEPARTMENT + " and c.id = :id order by v.key.version desc")
  List<AdapterConfigVersionRow> versions(String departmentId, String id);

  /** Of its newest version; 0 if there is none. */
  @Query(
      "select coalesce(max(v.key.version), 0) from AdapterConfigVersionRow v where v.config.id = :id")
  int newest(String id);
}
