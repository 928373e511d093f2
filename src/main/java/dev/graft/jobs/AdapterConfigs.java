package dev.graft.jobs;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The adapter configurations of departments, with their versions. */
interface AdapterConfigs extends Repository<AdapterConfig, String> {
  String VERSIONS =
      """
      select v from AdapterConfigVersion v join fetch v.config c
       where c.departmentId = :departmentId and c.deletedAt is null
      """;

  String NEWEST = "(select max(w.key.version) from AdapterConfigVersion w where w.config = c)";

  AdapterConfig save(AdapterConfig config);

  boolean existsByDepartmentIdAndNameAndDeletedAtIsNull(String departmentId, String name);

  @Query("select c.departmentId from AdapterConfig c where c.id = :id")
  Optional<String> departmentOf(String id);

  /**
   * By id or name. The row stays locked ({@code for no key update}) until the transaction ends, so
   * that two new versions get two numbers.
   */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  @Query(
      """
      select c from AdapterConfig c
       where c.departmentId = :departmentId and :key in (c.id, c.name) and c.deletedAt is null
      """)
  Optional<AdapterConfig> findToChange(String departmentId, String key);

  @Query("select max(v.key.version) from AdapterConfigVersion v where v.config = :config")
  int newestVersion(AdapterConfig config);

  /**
   * @param key id or name
   * @param version null = the newest
   */
  @Query(
      VERSIONS
          + " and :key in (c.id, c.name) and v.key.version = coalesce(:version, "
          + NEWEST
          + ")")
  Optional<AdapterConfigVersion> version(
      String departmentId, String key, @Nullable Integer version);

  /** The newest version of each configuration, the newest configuration first. */
  @Query(
      VERSIONS
          + " and (:after is null or c.id < :after) and v.key.version = "
          + NEWEST
          + " order by c.id desc")
  List<AdapterConfigVersion> newest(String departmentId, @Nullable String after, Limit limit);

  /** All versions of one configuration, the newest first. */
  @Query(VERSIONS + " and c.id = :id order by v.key.version desc")
  List<AdapterConfigVersion> versions(String departmentId, String id);
}
