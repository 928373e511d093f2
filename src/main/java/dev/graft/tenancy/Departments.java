package dev.graft.tenancy;

import dev.graft.platform.Ids;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.platform.pagination.Cursor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The departments of this Graft. */
@Service
public class Departments {
  private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}\\s](?:[^\\p{Cntrl}]{0,62})");

  private static final String CREATE =
      """
      insert into department (id, name, slug, max_running, created_at)
      values (:id, :name, :slug, :max_running, graft_now())
      on conflict ((lower(name))) do nothing
      """;

  /** An unknown cursor gives nothing. */
  private static final String LIST =
      """
      select * from department
       where (:archived or archived_at is null)
         and (:after::text is null
              or (created_at, id) < (select created_at, id from department where id = :after))
       order by created_at desc, id desc
       limit :limit
      """;

  private static final String RENAME =
      """
      update department set name = :name
       where id = :id and archived_at is null
         and not exists (select 1 from department where lower(name) = lower(:name) and id <> :id)
      """;

  private final JdbcClient sql;
  private final TenancyProperties settings;
  private final ApplicationEventPublisher events;
  private final AuditLog audit;
  private final Ids ids;

  Departments(
      JdbcClient sql,
      TenancyProperties settings,
      ApplicationEventPublisher events,
      AuditLog audit,
      Ids ids) {
    this.sql = sql;
    this.settings = settings;
    this.events = events;
    this.audit = audit;
    this.ids = ids;
  }

  /**
   * The id of the department with this name, made where it is missing; of two who ask, one makes
   * it.
   */
  @Transactional
  public String ensure(String name) {
    insert(name);
    return find(name).orElseThrow();
  }

  /** Its id. */
  @Transactional(readOnly = true)
  public Optional<String> find(String name) {
    return sql.sql("select id from department where lower(name) = lower(:name)")
        .param("name", name)
        .query(String.class)
        .optional();
  }

  /** By id, archived ones too. */
  @Transactional(readOnly = true)
  public Optional<Department> get(String id) {
    return sql.sql("select * from department where id = :id")
        .param("id", id)
        .query(Department::of)
        .optional();
  }

  /** A new department, whose name no other has. */
  @Transactional
  public Department create(String name) {
    String id = insert(name).orElseThrow(() -> taken(name));
    return get(id).orElseThrow();
  }

  /** A page and one more, newest first. */
  @Transactional(readOnly = true)
  public List<Department> list(Cursor page, boolean archivedToo) {
    return sql.sql(LIST)
        .param("archived", archivedToo)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(Department::of)
        .list();
  }

  @Transactional
  public void rename(String id, String name) {
    requireName(name);
    if (sql.sql(RENAME).param("id", id).param("name", name).update() == 0) throw taken(name);
    audit.write("project.updated", id, id, Map.of("changes_requested", Map.of("title", name)));
  }

  /** Its keys open nothing any more, what it has queued is cancelled; for good. */
  @Transactional
  public void archive(String id) {
    int archived =
        sql.sql(
                "update department set archived_at = graft_now()"
                    + " where id = :id and archived_at is null")
            .param("id", id)
            .update();
    if (archived == 0) return;
    audit.write("project.archived", id, id, Map.of());
    events.publishEvent(new DepartmentArchived(id));
  }

  private Optional<String> insert(String name) {
    requireName(name);
    String id = ids.next("proj_");
    int made =
        sql.sql(CREATE)
            .param("id", id)
            .param("name", name)
            .param("slug", Department.slug(name))
            .param("max_running", settings.maxRunning())
            .update();
    if (made == 0) return Optional.empty();
    audit.write("project.created", id, id, Map.of("data", Map.of("name", name, "title", name)));
    return Optional.of(id);
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
