package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.Limits.LimitSettings;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Creates, changes and lists departments. */
@Service
public class Departments {
  private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}\\s](?:[^\\p{Cntrl}]{0,62})");

  private final AllDepartments departments;
  private final TenancyProperties settings;
  private final TransactionLocks locks;
  private final ApplicationEventPublisher events;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  Departments(
      AllDepartments departments,
      TenancyProperties settings,
      TransactionLocks locks,
      ApplicationEventPublisher events,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.departments = departments;
    this.settings = settings;
    this.locks = locks;
    this.events = events;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * Returns the id of the department with this name, which is created if it is missing. Concurrent
   * calls create one.
   */
  @Transactional
  public String ensure(String name) {
    requireName(name);
    return find(name).or(() -> ofAnother(name, null)).orElseGet(() -> insert(name));
  }

  /** Returns the id of the department with this name. */
  @Transactional(readOnly = true)
  public Optional<String> find(String name) {
    return departments.idOf(name);
  }

  /** Returns a department, archived or not, of any caller: names are visible to all departments. */
  @Transactional(readOnly = true)
  public Optional<Department> get(String id) {
    return EveryDepartment.call(() -> departments.read(id));
  }

  /** Creates a department; fails if the name is taken. */
  @Transactional
  public Department create(String name) {
    requireFree(name, null);
    return departments.read(insert(name)).orElseThrow();
  }

  /** Returns a page and one more, newest first. */
  @Transactional(readOnly = true)
  public List<Department> list(Cursor page, boolean archivedToo) {
    return departments.newest(archivedToo, page.after(), Limit.of(page.limit() + 1));
  }

  @Transactional
  public void rename(String id, String name) {
    requireFree(name, id);
    if (departments.rename(id, name) == 0) throw taken(name);
    audit.write("project.updated", id, id, Map.of("changes_requested", Map.of("title", name)));
  }

  /** Archives a department for good: its keys are refused and its queued jobs are cancelled. */
  @Transactional
  public void archive(String id) {
    if (departments.archive(id, clock.instant()) == 0) return;
    audit.write("project.archived", id, id, Map.of());
    events.publishEvent(new DepartmentArchived(id));
  }

  /** Returns the limits that administrators have set. */
  @Transactional(readOnly = true)
  public LimitSettings limits(String id) {
    return departments.findById(id).orElseThrow().limits();
  }

  /**
   * Changes the limits under a lock, so that concurrent changes all take effect. The caller writes
   * the audit log entry, with the requested changes, in the same transaction.
   *
   * @param change from the limits that are set to the new ones
   */
  @Transactional
  public void limit(String id, UnaryOperator<LimitSettings> change) {
    DepartmentSettings department = departments.findToChange(id).orElseThrow();
    department.limit(change.apply(department.limits()).orElse(settings.maxRunning()));
    departments.saveAndFlush(department);
  }

  /**
   * Sets the model permissions. The caller writes the audit log entry, as for {@link #limit}.
   *
   * @param mode {@code allow_list} or {@code deny_list}; null with null = every base model
   */
  @Transactional
  public void permit(String id, @Nullable String mode, @Nullable List<String> models) {
    DepartmentSettings department = departments.findToChange(id).orElseThrow();
    department.permit(mode, models);
    departments.saveAndFlush(department);
  }

  private String insert(String name) {
    String id = ids.next("proj_");
    LimitSettings limits = LimitSettings.UNSET.orElse(settings.maxRunning());
    departments.saveAndFlush(new DepartmentSettings(id, name, limits));
    audit.write("project.created", id, id, Map.of("data", Map.of("name", name, "title", name)));
    return id;
  }

  private void requireFree(String name, @Nullable String id) {
    requireName(name);
    if (ofAnother(name, id).isPresent()) throw taken(name);
  }

  /** Finds another department with this name, which stays locked until the transaction ends. */
  private Optional<String> ofAnother(String name, @Nullable String id) {
    locks.take("department " + name.toLowerCase(Locale.ROOT));
    return EveryDepartment.call(() -> departments.idOf(name)).filter(other -> !other.equals(id));
  }

  private static void requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw RequestFailed.invalid(
          "name",
          "name must have 1 to 63 characters and no control characters, and must not begin with a"
              + " space.");
    }
  }

  private static RequestFailed taken(String name) {
    return RequestFailed.invalid("name", "There is already a department named '" + name + "'.");
  }

  /** Published in the transaction that archives a department. */
  public record DepartmentArchived(String departmentId) {}

  /**
   * Published before a department is erased, so that its jobs end: in a transaction, and again
   * until all have ended.
   */
  public record DepartmentErasing(String departmentId) {}
}
