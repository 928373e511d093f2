package dev.graft.tenancy;

import java.util.Optional;

/**
 * Knows whose something is. Each module with things of departments supplies a bean; it is asked
 * only when a caller has been told that there is no such thing, to see whether they reached for
 * another department's.
 */
@FunctionalInterface
public interface Owned {
  /**
   * Id of the department, or empty if this bean knows no such thing.
   *
   * @param id as it stood in the request
   */
  Optional<String> departmentOf(String id);
}
