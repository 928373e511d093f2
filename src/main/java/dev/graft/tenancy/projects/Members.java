package dev.graft.tenancy.projects;

import dev.graft.platform.Ids;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.platform.pagination.Cursor;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Role;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The people of the departments, known by their e-mail address. */
@Service
public class Members {
  private static final Pattern EMAIL =
      Pattern.compile("[^@\\s\\p{Cntrl}]{1,64}@[^@\\s\\p{Cntrl}]{1,250}");

  private static final String KNOWN =
      """
      insert into person (id, email, created_at) values (:id, :email, graft_now())
      on conflict ((lower(email))) do nothing
      """;

  private static final String ADD =
      """
      insert into department_member (department_id, person_id, role, added_at)
      values (:department, :person, :role, graft_now())
      on conflict (department_id, person_id) do update set role = excluded.role
      """;

  private static final String SELECT =
      """
      select p.id, p.email, p.name, m.role, m.added_at
        from department_member m join person p on p.id = m.person_id
       where m.department_id = :department
      """;

  /** An unknown cursor gives nothing. */
  private static final String LIST =
      SELECT
          + """
             and (:after::text is null
                  or p.id < (select person_id from department_member
                              where person_id = :after and department_id = :department))
           order by p.id desc
           limit :limit
          """;

  private static final String CHANGE =
      """
      update department_member set role = :role
       where department_id = :department and person_id = :person
      """;

  private static final String REMOVE =
      "delete from department_member where department_id = :department and person_id = :person";

  private final JdbcClient sql;
  private final AuditLog audit;
  private final Ids ids;

  Members(JdbcClient sql, AuditLog audit, Ids ids) {
    this.sql = sql;
    this.audit = audit;
    this.ids = ids;
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
    return person(email)
        .orElseGet(
            () -> {
              sql.sql(KNOWN).param("id", ids.next("user_")).param("email", email).update();
              return person(email).orElseThrow();
            });
  }

  private Optional<String> person(String email) {
    return sql.sql("select id from person where lower(email) = lower(:email)")
        .param("email", email)
        .query(String.class)
        .optional();
  }

  /** In this role, also where they had another; the person must be known. */
  @Transactional
  Member add(String departmentId, String personId, Role role) {
    if (sql.sql("select 1 from person where id = :id")
        .param("id", personId)
        .query()
        .listOfRows()
        .isEmpty()) {
      throw RequestFailed.invalid("user_id", "No such user: " + personId);
    }
    sql.sql(ADD)
        .param("department", departmentId)
        .param("person", personId)
        .param("role", role.wire())
        .update();
    audit.write("user.added", departmentId, personId, Map.of("data", Map.of("role", role.wire())));
    return find(departmentId, personId).orElseThrow();
  }

  @Transactional(readOnly = true)
  Optional<Member> find(String departmentId, String personId) {
    return sql.sql(SELECT + " and p.id = :person")
        .param("department", departmentId)
        .param("person", personId)
        .query(Member::of)
        .optional();
  }

  /** A page and one more, newest person first. */
  @Transactional(readOnly = true)
  List<Member> list(String departmentId, Cursor page) {
    return sql.sql(LIST)
        .param("department", departmentId)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(Member::of)
        .list();
  }

  /** False if the person is not a member. */
  @Transactional
  boolean change(String departmentId, String personId, Role role) {
    int changed =
        sql.sql(CHANGE)
            .param("department", departmentId)
            .param("person", personId)
            .param("role", role.wire())
            .update();
    if (changed == 0) return false;
    Map<String, String> asked = Map.of("role", role.wire());
    audit.write("user.updated", departmentId, personId, Map.of("changes_requested", asked));
    return true;
  }

  /** Their keys open nothing of the department any more; false if the person is not a member. */
  @Transactional
  boolean remove(String departmentId, String personId) {
    if (sql.sql(REMOVE).param("department", departmentId).param("person", personId).update() == 0) {
      return false;
    }
    audit.write("user.deleted", departmentId, personId, Map.of());
    return true;
  }
}
