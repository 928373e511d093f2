package dev.graft.catalog;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The rows of base models. */
interface RegisteredModels extends Repository<RegisteredModel, String> {
  RegisteredModel save(RegisteredModel model);

  Optional<RegisteredModel> findById(String name);

  List<RegisteredModel> findByNameIn(Collection<String> names);

  @Query("select m from RegisteredModel m order by m.name")
  List<RegisteredModel> all();

  /** Returns 0 if there is no such model, or if it is enabled or disabled already. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query(
      nativeQuery = true,
      value =
          """
          update base_model set disabled_at = case when :enabled then null else cast(:now as timestamptz) end
           where name = :name and (disabled_at is null) <> :enabled
          """)
  int enable(String name, boolean enabled, Instant now);

  /** Deletes the row, if it still exists. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query("delete from RegisteredModel m where m.name = :name")
  void delete(String name);
}
