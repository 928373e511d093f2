package dev.graft.adapters;

import java.util.List;
import java.util.Optional;

/**
 * Implemented by the module that has the aliases: what they stand for at this moment, on whichever
 * server they were moved.
 */
public interface ModelAliases {
  /** Empty if the department has no alias of this name. */
  Optional<Alias> find(String departmentId, String name);

  /** All of a department, by name. */
  List<Alias> all(String departmentId);

  /** All of all departments, in their order. */
  List<Alias> everywhere();

  /** Names of those that stand for the model now: until they are moved, it must stay. */
  List<String> of(String departmentId, String model);

  /** Whether one stands for the model, or would again after a rollback. */
  boolean need(String departmentId, String model);

  /**
   * @param model name of the adapter that the alias stands for now
   */
  record Alias(String departmentId, String name, String model) {}

  /** Published in the transaction that makes an alias stand for a model, or deletes it. */
  record AliasMoved(String departmentId, String alias) {}
}
