package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The departments of this Graft. */
@Service
public class Departments {
  private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}\\s](?:[^\\p{Cntrl}]{0,62})");

  private final DepartmentRows rows;
  private final LimitRows limits;
  private final TenancyProperties settings;
  private final TransactionLocks locks;
  private final ApplicationEventPublisher events;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  Departments(
      DepartmentRows rows,
      LimitRows limits,
      TenancyProperties settings,
      TransactionLocks locks,
      ApplicationEventPublisher events,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.limits = limits;
    this.settings = settings;
    this.locks = locks;
    this.events = events;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * The id of the department with this name, made where it is missing; of two who ask, one makes
   * it.
   */
  @Transactional
  public String ensure(String name) {
    requireName(name);
    return find(name).or(() -> ofAnother(name, null)).orElseGet(() -> insert(name));
  }

  /** Its id. */
  @Transactional(readOnly = true)
  public Optional<String> find(String name) {
    return rows.findIdByName(name);
  }

  /** By id, archived ones too, whoever asks: what others are called is no secret. */
  @Transactional(readOnly = true)
  public Optional<Department> get(String id) {
    return EveryDepartment.call(() -> rows.read(id));
  }

  /** A new department, whose name no other has. */
  @Transactional
  public Department create(String name) {
    requireFree(name, null);
    return rows.read(insert(name)).orElseThrow();
  }

  /** A page and one more, newest first. */
  @Transactional(readOnly = true)
  public List<Department> list(Cursor page, boolean archivedToo) {
    return rows.page(archivedToo, page);
  }

  @Transactional
  public void rename(String id, String name) {
    requireFree(name, id);
    if (!rows.rename(id, name)) throw taken(name);
    audit.write("project.updated", id, id, Map.of("changes_requested", Map.of("title", name)));
  }

  /** Its keys open nothing any more, what it has queued is cancelled; for good. */
  @Transactional
  public void archive(String id) {
    if (!rows.archive(id, clock.instant())) return;
    audit.write("project.archived", id, id, Map.of());
    events.publishEvent(new DepartmentArchived(id));
  }

  /** What administrators have said about it. */
  @Transactional(readOnly = true)
  public LimitSettings limits(String id) {
    return limits.find(id);
  }

  /**
   * Of two who change it at once, the second changes what the first has left. Who asks writes the
   * audit log, in the same transaction: it tells what was asked, and by which route.
   *
   * @param change of what was said, to what is said from now on
   */
  @Transactional
  public void limit(String id, UnaryOperator<LimitSettings> change) {
    LimitSettings said = limits.findToChange(id);
    limits.update(id, change.apply(said).orElse(settings.maxRunning()));
  }

  /**
   * The audit log is the caller's, as with {@link #limit}.
   *
   * @param mode {@code allow_list} or {@code deny_list}; null with null = every base model
   */
  @Transactional
  public void permit(String id, @Nullable String mode, @Nullable List<String> models) {
    limits.permit(id, mode, models);
  }

  private String insert(String name) {
    String id = ids.next("proj_");
    rows.insert(id, name);
    limits.update(id, LimitSettings.UNSAID.orElse(settings.maxRunning()));
    audit.write("project.created", id, id, Map.of("data", Map.of("name", name, "title", name)));
    return id;
  }

  private void requireFree(String name, @Nullable String id) {
    requireName(name);
    if (ofAnother(name, id).isPresent()) throw taken(name);
  }

  /** Who has this name beside {@code id}; until the transaction ends nobody else takes it. */
  private Optional<String> ofAnother(String name, @Nullable String id) {
    locks.take("department " + name.toLowerCase(Locale.ROOT));
    return EveryDepartment.call(() -> rows.findIdByName(name)).filter(other -> !other.equals(id));
  }

  private static void requireName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw RequestFailed.invalid(
          "name",
          "A department's name has 1 to 63 characters, no control characters, and begins with no"
              + " space.");
    }
  }

  private static RequestFailed taken(String name) {
    return RequestFailed.invalid("name", "There is already a department named '" + name + "'.");
  }
}
