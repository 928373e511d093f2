package dev.graft.adapters;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Implemented by the module that has the aliases: what they stand for at this moment, on whichever
 * server they were moved.
 */
public interface ModelAliases {
  /** Empty if the department has no alias of this name. */
  Optional<ModelAlias> find(String departmentId, String name);

  /** All of a department, by name. */
  List<ModelAlias> all(String departmentId);

  /** All of all departments, in their order. */
  List<ModelAlias> everywhere();

  /** Names of those that stand for the model now: until they are moved, it must stay. */
  List<String> of(String departmentId, String model);

  /** Whether one stands for the model, or would again after a rollback. */
  boolean need(String departmentId, String model);

  /**
   * A name that a department moves from one of its fine-tuned models to another.
   *
   * @param model name of the adapter that it stands for now
   * @param chosenBy number of the move that has chosen it; after a rollback of the one gone back to
   */
  public record ModelAlias(
      String departmentId,
      String name,
      String model,
      int chosenBy,
      Instant createdAt,
      Instant movedAt) {}

  /** Published in the transaction that makes an alias stand for a model, or deletes it. */
  public record AliasMoved(String departmentId, String alias) {}
}
