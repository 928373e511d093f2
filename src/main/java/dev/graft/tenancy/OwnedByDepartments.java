package dev.graft.tenancy;

import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Departments themselves, their keys and accounts, and their people (by one of their departments).
 */
@Component
class OwnedByDepartments implements Owned {
  private static final String OWNER =
      """
      select id as owner from department where id = :id
      union all select department_id from api_key where id = :id and department_id is not null
      union all select department_id from service_account where id = :id
      union all select department_id from department_member where person_id = :id
      limit 1
      """;

  private final JdbcClient sql;

  OwnedByDepartments(JdbcClient sql) {
    this.sql = sql;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return sql.sql(OWNER).param("id", id).query(String.class).optional();
  }
}
