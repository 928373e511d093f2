package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.Members.Member;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The people of the departments, known by their e-mail address. */
@Service
class Members {
  private static final Pattern EMAIL =
      Pattern.compile("[^@\\s\\p{Cntrl}]{1,64}@[^@\\s\\p{Cntrl}]{1,250}");

  private final MemberRows rows;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  Members(MemberRows rows, TransactionLocks locks, AuditLog audit, Ids ids, Clock clock) {
    this.rows = rows;
    this.locks = locks;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  public static boolean isEmail(String text) {
    return EMAIL.matcher(text).matches();
  }

  /** The person with this address, from now on known if they were not; their id. */
  @Transactional
  public String known(String email) {
    if (!isEmail(email)) {
      throw RequestFailed.invalid("email", "This is not an e-mail address.");
    }
    return rows.findPerson(email).orElseGet(() -> met(email));
  }

  /** Of two who meet somebody, one writes it down. */
  private String met(String email) {
    locks.take("person " + email.toLowerCase(Locale.ROOT));
    Optional<String> known = rows.findPerson(email);
    if (known.isPresent()) return known.get();
    String id = ids.next("user_");
    rows.insertPerson(id, email, clock.instant());
    return id;
  }

  /** In this role, also where they had another; the person must be known. */
  @Transactional
  Member add(String departmentId, String personId, Role role) {
    if (!rows.isPerson(personId)) {
      throw RequestFailed.invalid("user_id", "No such user: " + personId);
    }
    rows.put(departmentId, personId, role, clock.instant());
    audit.write("user.added", departmentId, personId, Map.of("data", Map.of("role", role.wire())));
    return rows.find(departmentId, personId).orElseThrow();
  }

  @Transactional(readOnly = true)
  Optional<Member> find(String departmentId, String personId) {
    return rows.find(departmentId, personId);
  }

  /** A page and one more, newest person first. */
  @Transactional(readOnly = true)
  List<Member> list(String departmentId, Cursor page) {
    return rows.page(departmentId, page);
  }

  /** Empty if the person is not a member. */
  @Transactional
  Optional<Member> change(String departmentId, String personId, Role role) {
    if (!rows.change(departmentId, personId, role)) return Optional.empty();
    Map<String, String> asked = Map.of("role", role.wire());
    audit.write("user.updated", departmentId, personId, Map.of("changes_requested", asked));
    return rows.find(departmentId, personId);
  }

  /** Their keys open nothing of the department any more; false if the person is not a member. */
  @Transactional
  boolean remove(String departmentId, String personId) {
    if (!rows.delete(departmentId, personId)) return false;
    audit.write("user.deleted", departmentId, personId, Map.of());
    return true;
  }

  /** A person's place in a department. */
  record Member(String id, String email, @Nullable String name, Role role, Instant addedAt) {}

  /** The statements on {@code person}, whose rows never change, and {@code department_member}. */
  @Repository
  static class MemberRows {
    private static final String READ =
        """
        select p.id, p.email, p.name, m.role, m.added_at
          from department_member m join person p on p.id = m.person_id
         where m.department_id = :department
        """;

    private final JdbcClient sql;

    MemberRows(JdbcClient sql) {
      this.sql = sql;
    }

    Optional<String> findPerson(String email) {
      return sql.sql("select id from person where lower(email) = lower(:email)")
          .param("email", email)
          .query(String.class)
          .optional();
    }

    boolean isPerson(String id) {
      return sql.sql("select exists (select from person where id = :id)")
          .param("id", id)
          .query(Boolean.class)
          .single();
    }

    void insertPerson(String id, String email, Instant now) {
      sql.sql("insert into person (id, email, created_at) values (:id, :email, :now)")
          .param("id", id)
          .param("email", email)
          .param("now", parameter(now))
          .update();
    }

    Optional<Member> find(String department, String person) {
      return sql.sql(READ + " and p.id = :person")
          .param("department", department)
          .param("person", person)
          .query(MemberRows::member)
          .optional();
    }

    /** One more than the page has, newest person first; an unknown cursor gives nothing. */
    List<Member> page(String department, Cursor page) {
      return sql.sql(
              READ
                  + """
                   and (:after::text is null
                        or p.id < (select a.person_id from department_member a
                                    where a.department_id = :department and a.person_id = :after))
                   order by p.id desc limit :limit
                  """)
          .param("department", department)
          .param("after", page.after())
          .param("limit", page.limit() + 1)
          .query(MemberRows::member)
          .list();
    }

    private static Member member(ResultSet row, int number) throws SQLException {
      return new Member(
          row.getString("id"),
          row.getString("email"),
          row.getString("name"),
          Role.of(row.getString("role")),
          time(row, "added_at"));
    }

    /** In this role, also where they had another. */
    void put(String department, String person, Role role, Instant now) {
      sql.sql(
              """
              insert into department_member (department_id, person_id, role, added_at)
              values (:department, :person, :role, :now)
              on conflict (department_id, person_id) do update set role = excluded.role
              """)
          .param("department", department)
          .param("person", person)
          .param("role", role.wire())
          .param("now", parameter(now))
          .update();
    }

    /** False if the person is not a member. */
    boolean change(String department, String person, Role role) {
      return sql.sql(
                  """
                  update department_member set role = :role
                   where department_id = :department and person_id = :person
                  """)
              .param("department", department)
              .param("person", person)
              .param("role", role.wire())
              .update()
          == 1;
    }

    /** False if the person is not a member. */
    boolean delete(String department, String person) {
      return sql.sql(
                  """
                  delete from department_member
                   where department_id = :department and person_id = :person
                  """)
              .param("department", department)
              .param("person", person)
              .update()
          == 1;
    }
  }
}
