package dev.graft.adapters;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The permissions of models and checkpoints. */
interface CheckpointPermissions extends Repository<CheckpointPermission, String> {
  String OF_MODEL =
      """
      select p from CheckpointPermission p
       where p.model = :model and (:departmentId is null or p.departmentId = :departmentId)
         and (:after is null or (p.createdAt, p.id)\
      """;

  String AFTER =
      """
       (select q.createdAt, q.id from CheckpointPermission q
                               where q.id = :after and q.model = :model))
      """;

  CheckpointPermission save(CheckpointPermission permission);

  void delete(CheckpointPermission permission);

  Optional<CheckpointPermission> findByModelAndDepartmentId(String model, String departmentId);

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  Optional<CheckpointPermission> findToChangeByModelAndDepartmentId(
      String model, String departmentId);

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  Optional<CheckpointPermission> findToChangeByModelAndId(String model, String id);

  @Query("select p.ownerId from CheckpointPermission p where p.id = :id")
  Optional<String> ownerOf(String id);

  /** Names of the models that other departments share with this one, newest permission first. */
  @Query(
      """
      select p.model from CheckpointPermission p where p.departmentId = :departmentId
       order by p.createdAt desc, p.id desc
      """)
  List<String> sharedWith(String departmentId);

  /**
   * An unknown {@code after} gives nothing.
   *
   * @param departmentId null = of all departments
   */
  @Query(OF_MODEL + "<" + AFTER + " order by p.createdAt desc, p.id desc")
  List<CheckpointPermission> newest(
      String model, @Nullable String departmentId, @Nullable String after, Limit limit);

  /** As {@link #newest}, the oldest first. */
  @Query(OF_MODEL + ">" + AFTER + " order by p.createdAt, p.id")
  List<CheckpointPermission> oldest(
      String model, @Nullable String departmentId, @Nullable String after, Limit limit);
}
