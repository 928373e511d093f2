package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.platform.Cursor;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.Limits.LimitSettings;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
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

  /** The statements on {@code department}, but for {@link LimitRows} and what the queue counts. */
  @Repository
  static class DepartmentRows {
    private static final String READ = "select id, name, created_at, archived_at from department d";

    private final JdbcClient sql;

    DepartmentRows(JdbcClient sql) {
      this.sql = sql;
    }

    Optional<Department> read(String id) {
      return sql.sql(READ + " where id = :id")
          .param("id", id)
          .query(DepartmentRows::department)
          .optional();
    }

    Optional<String> findIdByName(String name) {
      return sql.sql("select id from department where lower(name) = lower(:name)")
          .param("name", name)
          .query(String.class)
          .optional();
    }

    /** Newest first, one more than the page has; an unknown cursor gives nothing. */
    List<Department> page(boolean archivedToo, Cursor page) {
      return sql.sql(
              READ
                  + """
                   where (:archived_too or archived_at is null)
                     and (:after::text is null
                          or (created_at, id) < (select a.created_at, a.id from department a
                                                  where a.id = :after))
                   order by created_at desc, id desc limit :limit
                  """)
          .param("archived_too", archivedToo)
          .param("after", page.after())
          .param("limit", page.limit() + 1)
          .query(DepartmentRows::department)
          .list();
    }

    private static Department department(ResultSet row, int number) throws SQLException {
      return new Department(
          row.getString("id"),
          row.getString("name"),
          time(row, "created_at"),
          timeOrNull(row, "archived_at"));
    }

    /** With the limits that are the table's own; {@link LimitRows} says others. */
    void insert(String id, String name) {
      sql.sql(
              """
              insert into department (id, name, slug, created_at) values (:id, :name, :slug, graft_now())
              """)
          .param("id", id)
          .param("name", name)
          .param("slug", slug(name))
          .update();
    }

    /** What stands for a name where only a-z, 0-9 and - may: in the names of models. */
    private static String slug(String name) {
      String slug =
          name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
      return slug.isEmpty() ? "department" : slug;
    }

    /** False if it is archived. */
    boolean rename(String id, String name) {
      return sql.sql("update department set name = :name where id = :id and archived_at is null")
              .param("id", id)
              .param("name", name)
              .update()
          == 1;
    }

    /** For good; false if it is archived already. */
    boolean archive(String id, Instant now) {
      return sql.sql(
                  "update department set archived_at = :now where id = :id and archived_at is null")
              .param("id", id)
              .param("now", parameter(now))
              .update()
          == 1;
    }
  }

  /**
   * The statements on what administrators have said about a {@code department}. What jobs count in
   * the same row ({@code running}, {@code used}, {@code month_seconds}) the queue's statements
   * move.
   */
  @Repository
  static class LimitRows {
    private static final String LIMITS =
        """
        select max_running, max_queued, max_device_seconds, max_stored_bytes, max_priority, weight,
               approval, requests_per_minute
          from department where id = :id
        """;

    private final JdbcClient sql;

    LimitRows(JdbcClient sql) {
      this.sql = sql;
    }

    LimitSettings find(String id) {
      return sql.sql(LIMITS).param("id", id).query(LimitRows::limits).single();
    }

    /**
     * Others who would change them wait until this transaction ends; the queue goes on counting.
     */
    LimitSettings findToChange(String id) {
      return sql.sql(LIMITS + " for no key update")
          .param("id", id)
          .query(LimitRows::limits)
          .single();
    }

    private static LimitSettings limits(ResultSet row, int number) throws SQLException {
      return new LimitSettings(
          row.getObject("max_running", Integer.class),
          row.getObject("max_queued", Integer.class),
          row.getObject("max_device_seconds", Long.class),
          row.getObject("max_stored_bytes", Long.class),
          row.getObject("max_priority", Integer.class),
          row.getObject("weight", Double.class),
          row.getString("approval"),
          row.getObject("requests_per_minute", Integer.class));
    }

    void update(String id, LimitSettings limits) {
      sql.sql(
              """
              update department
                 set max_running = :running, max_queued = :queued,
                     max_device_seconds = :device_seconds, max_stored_bytes = :stored_bytes,
                     max_priority = :priority, weight = :weight, approval = :approval,
                     requests_per_minute = :requests
               where id = :id
              """)
          .param("id", id)
          .param("running", limits.maxRunningJobs())
          .param("queued", limits.maxQueuedJobs())
          .param("device_seconds", limits.maxDeviceSecondsPerMonth())
          .param("stored_bytes", limits.maxStoredBytes())
          .param("priority", limits.maxPriority())
          .param("weight", limits.weight())
          .param("approval", limits.approval())
          .param("requests", limits.maxRequestsPerMinute())
          .update();
    }

    /**
     * @param mode {@code allow_list} or {@code deny_list}; null with null = every base model
     */
    void permit(String id, @Nullable String mode, @Nullable List<String> models) {
      sql.sql("update department set model_mode = :mode, model_ids = :models where id = :id")
          .param("id", id)
          .param("mode", mode)
          .param("models", models == null ? null : models.toArray(String[]::new))
          .update();
    }
  }

  /** A department's time is over; told inside the transaction that ends it. */
  public record DepartmentArchived(String departmentId) {}

  /**
   * All of a department is about to be deleted: nobody works for it any more. Told again until that
   * is so, each time inside a transaction.
   */
  public record DepartmentErasing(String departmentId) {}
}
