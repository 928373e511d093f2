package dev.graft.adapters;

import java.util.List;
import java.util.Optional;

/**
 * Reads the aliases of departments as they are at this moment on all servers. Module evaluation
 * implements it.
 */
public interface ModelAliases {
  /** Returns nothing if the department has no alias of this name. */
  Optional<Alias> find(String departmentId, String name);

  /** Returns all aliases of a department, by name. */
  List<Alias> all(String departmentId);

  /** Returns the aliases of all departments, by department and name. */
  List<Alias> everywhere();

  /** Returns the names of aliases that stand for the model now, which must not be deleted. */
  List<String> of(String departmentId, String model);

  /** Whether an alias stands for the model, or would after a rollback. */
  boolean need(String departmentId, String model);

  /**
   * @param model name of the adapter that the alias stands for now
   */
  record Alias(String departmentId, String name, String model) {}

  /** Published in the transaction that creates, moves or deletes an alias. */
  record AliasMoved(String departmentId, String alias) {}
}
