package dev.graft.tenancy;

import java.time.Instant;
import java.util.List;

/** Lists and removes things of one kind. The module that owns them supplies a bean. */
public interface Retained {
  RetentionKind kind();

  /**
   * Lists the department's things whose retention period began by {@code latest} and that have no
   * notice, the oldest first.
   */
  List<Thing> untold(String departmentId, Instant latest, int limit);

  /**
   * Removes a thing, as a request would, in the caller's transaction. The thing is locked until the
   * transaction ends.
   */
  Removal remove(String departmentId, String id);

  /**
   * A thing that will be removed.
   *
   * @param name the name that people see
   * @param since when its retention period began
   */
  record Thing(String id, String name, Instant since) {}

  /** The result of a removal. */
  enum Removal {
    REMOVED,
    /** Unfinished work needs it. */
    IN_USE,
    /** It does not exist any more. */
    GONE
  }
}
