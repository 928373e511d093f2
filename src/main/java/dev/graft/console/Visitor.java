package dev.graft.console;

import static dev.graft.tenancy.Permission.FILES_READ;
import static dev.graft.tenancy.Permission.FINE_TUNING_READ;
import static dev.graft.tenancy.Permission.MODELS_READ;
import static dev.graft.tenancy.Permission.MODEL_REQUEST;
import static dev.graft.tenancy.Permission.ORGANIZATION_READ;
import static dev.graft.tenancy.Permission.PROJECT_READ;

import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The user of a page, for its menu. */
record Visitor(Identity identity) {
  /** An entry of the menu. */
  record Entry(Section section, String title, String path) {}

  /** Returns the menu entries that the user may see. */
  public List<Entry> menu() {
    return Arrays.stream(Section.values())
        .filter(each -> each.isFor(identity))
        .map(each -> new Entry(each, each.title(), each.path(identity)))
        .toList();
  }

  /**
   * Returns the user's first page; for users without any, the page of jobs, which shows the missing
   * permission.
   */
  String home() {
    return menu().stream().map(Entry::path).findFirst().orElse(Section.JOBS.path(identity));
  }

  /** Returns the department's name; null for administrators without a department. */
  public @Nullable String departmentName() {
    return identity instanceof Caller caller ? caller.departmentName() : null;
  }

  /** Returns the menu section of a department's page. */
  public Section sectionOf(String departmentId) {
    return identity instanceof Caller caller && caller.departmentId().equals(departmentId)
        ? Section.DEPARTMENT
        : Section.ORGANISATION;
  }

  /** Returns whether the user may create keys of the department and approve its jobs. */
  public boolean changesDepartment() {
    return identity.permissions().contains(Permission.PROJECT_WRITE);
  }

  /** The sections of the menu, in order, each with the permissions it needs. */
  enum Section {
    JOBS("Jobs", "jobs", FINE_TUNING_READ),
    FILES("Files", "files", FILES_READ),
    MODELS("Models", "models", MODELS_READ),
    PLAYGROUND("Playground", "playground", MODELS_READ, MODEL_REQUEST),
    EVALUATIONS("Evaluations", "evaluations", FINE_TUNING_READ),
    /** The user's own department. */
    DEPARTMENT("Department", "departments", PROJECT_READ) {
      @Override
      boolean isFor(Identity caller) {
        return caller instanceof Caller && super.isFor(caller);
      }

      @Override
      String path(Identity caller) {
        return caller instanceof Caller member
            ? super.path(caller) + "/" + member.departmentId()
            : super.path(caller);
      }
    },
    ORGANISATION("Organisation", "departments", ORGANIZATION_READ);

    private final String title;
    private final String path;
    private final Set<Permission> needed;

    Section(String title, String path, Permission... needed) {
      this.title = title;
      this.path = path;
      this.needed = Set.of(needed);
    }

    String title() {
      return title;
    }

    boolean isFor(Identity caller) {
      return caller.permissions().containsAll(needed);
    }

    String path(Identity caller) {
      return "/console/" + path;
    }
  }
}
