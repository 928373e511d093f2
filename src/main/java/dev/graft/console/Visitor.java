package dev.graft.console;

import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who looks at a page: what its frame shows. */
record Visitor(Identity identity) {
  /** A line of the menu. */
  record Entry(Section section, String title, String path) {}

  /** The sections that are for them. */
  public List<Entry> menu() {
    return Arrays.stream(Section.values())
        .filter(each -> each.isFor(identity))
        .map(each -> new Entry(each, each.title(), each.path(identity)))
        .toList();
  }

  /**
   * The page that they begin on; that of jobs, which says what is missing, for whoever has none.
   */
  String home() {
    return menu().stream().map(Entry::path).findFirst().orElse(Section.JOBS.path(identity));
  }

  /** The department's name; null for an administrator of none. */
  public @Nullable String departmentName() {
    return identity instanceof Caller caller ? caller.departmentName() : null;
  }

  /** Which section a department's page is of. */
  public Section sectionOf(String departmentId) {
    return identity instanceof Caller caller && caller.departmentId().equals(departmentId)
        ? Section.DEPARTMENT
        : Section.ORGANISATION;
  }

  /** Whether they make keys of their department, and approve its jobs. */
  public boolean changesDepartment() {
    return identity.permissions().contains(Permission.PROJECT_WRITE);
  }
}
