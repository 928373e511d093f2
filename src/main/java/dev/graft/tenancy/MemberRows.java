package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.platform.Cursor;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The statements on {@code person}, whose rows never change, and {@code department_member}. */
@Repository
class MemberRows {
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
