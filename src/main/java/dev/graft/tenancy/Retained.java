package dev.graft.tenancy;

import java.time.Instant;
import java.util.List;

/** Things of one kind. The module that has them supplies a bean. */
public interface Retained {
  RetentionKind kind();

  /**
   * Those of the department whose clock began by {@code latest} and that no notice tells of, the
   * oldest first.
   */
  List<Thing> untold(String departmentId, Instant latest, int limit);

  /**
   * Removes one, as if somebody had asked for it, in the caller's transaction. Until that ends
   * nobody else changes the thing.
   */
  Removal remove(String departmentId, String id);

  /**
   * A thing that will be removed.
   *
   * @param name by which people know it
   * @param since when its clock began
   */
  record Thing(String id, String name, Instant since) {}

  /** What came of a removal. */
  enum Removal {
    REMOVED,
    /** Something unfinished needs it. */
    IN_USE,
    /** There is nothing to remove any more. */
    GONE
  }
}
