package dev.graft.evaluation;

import jakarta.persistence.LockModeType;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Lock;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The aliases of departments, with their moves. */
interface Aliases extends Repository<ModelAlias, ModelAlias.Key> {
  /** An alias is also in use where a rollback would go back to the model. */
  String NEED =
      """
      select count(a) > 0 from ModelAlias a
       where a.key.departmentId = :departmentId
         and (a.model = :model
              or exists (select m from ModelAliasMove m, ModelAliasMove e
                          where m.alias = a and m.number = a.chosenBy
                            and e.alias = a and e.number = m.earlier and e.to = :model))
      """;

  ModelAlias save(ModelAlias alias);

  /** Writes changes now, as the department; see {@link dev.graft.platform.EveryDepartment}. */
  void flush();

  Optional<ModelAlias> findByKey(ModelAlias.Key key);

  /**
   * Text that cannot be a name is not looked up: it may hold characters that PostgreSQL refuses.
   */
  default Optional<ModelAlias> find(String departmentId, String name) {
    return ModelAlias.isName(name)
        ? findByKey(new ModelAlias.Key(departmentId, name))
        : Optional.empty();
  }

  /** The row stays locked ({@code for no key update}) until the transaction ends. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  Optional<ModelAlias> findToChangeByKey(ModelAlias.Key key);

  /** Returns one of the departments that have an alias of this name. */
  @Query("select min(a.key.departmentId) from ModelAlias a where a.key.name = :name")
  Optional<String> departmentOf(String name);

  long countByKeyDepartmentId(String departmentId);

  /** By name. */
  @Query(
      """
      select a from ModelAlias a
       where a.key.departmentId = :departmentId and (:after is null or a.key.name > :after)
       order by a.key.name
      """)
  List<ModelAlias> page(String departmentId, @Nullable String after, Limit limit);

  @Query("select a from ModelAlias a order by a.key.departmentId, a.key.name")
  List<ModelAlias> everywhere();

  @Query(
      """
      select a.key.name from ModelAlias a
       where a.key.departmentId = :departmentId and a.model = :model order by a.key.name
      """)
  List<String> names(String departmentId, String model);

  @Query(NEED)
  boolean need(String departmentId, String model);

  /** The history goes with the alias. Returns 0 if there is no such alias. */
  @Modifying
  @Query("delete from ModelAlias a where a.key = :key")
  int delete(ModelAlias.Key key);

  @Query("select max(m.number) from ModelAliasMove m where m.alias = :alias")
  int newestMove(ModelAlias alias);

  /** Returns the move that a rollback goes back to; empty if there is none. */
  @Query(
      """
      select e from ModelAliasMove m join ModelAliasMove e on e.alias = m.alias and e.number = m.earlier
       where m.alias = :alias and m.number = :chosenBy
      """)
  Optional<ModelAliasMove> earlier(ModelAlias alias, int chosenBy);

  /** Newest first; an unknown {@code after} gives nothing. */
  @Query(
      """
      select m from ModelAliasMove m join fetch m.alias
       where m.alias = :alias
         and (:after is null
              or m.number < (select a.number from ModelAliasMove a
                              where a.alias = :alias and a.id = :after))
       order by m.number desc
      """)
  List<ModelAliasMove> history(ModelAlias alias, @Nullable String after, Limit limit);
}
