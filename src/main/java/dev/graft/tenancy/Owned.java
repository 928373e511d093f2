package dev.graft.tenancy;

import java.util.Optional;

/**
 * Finds the department that owns a thing. Each module with things of departments supplies a bean.
 * It is called only after a request has failed because a thing was not found, to see whether the
 * thing belongs to another department.
 */
@FunctionalInterface
public interface Owned {
  /**
   * Returns the id of the department, or empty if this bean has no such thing.
   *
   * @param id the id in the request
   */
  Optional<String> departmentOf(String id);
}
