package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.GraftIT;
import dev.graft.platform.BearerAuthenticator.Bearer;
import dev.graft.platform.RequestFailed;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

@GraftIT
class ApiKeysIT {
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient jdbc;
  private String department = "";
  private String name = "";

  @BeforeEach
  void aDepartment() {
    name = "d-" + UUID.randomUUID();
    department = departments.ensure(name);
  }

  @Test
  void aKeySaysItsDepartmentAndScope() {
    ApiKeys.Created key = keys.create(department, Caller.Scope.ADMIN);
    Bearer bearer = keys.authenticate(key.secret()).orElseThrow();
    assertThat(bearer.principal())
        .isEqualTo(new Caller(department, name, key.id(), Caller.Scope.ADMIN));
    assertThat(bearer.roles()).containsExactly("ADMIN");
  }

  @Test
  void onlyTheHashOfAKeyIsStored() {
    String secret = keys.create(department, Caller.Scope.USER).secret();
    assertThat(secret).startsWith("sk-graft-").hasSize("sk-graft-".length() + 43);
    String row =
        jdbc.sql("select api_key::text from api_key where department_id = :d")
            .param("d", department)
            .query(String.class)
            .single();
    assertThat(row).doesNotContain(secret.substring(16)).contains(secret.substring(0, 12));
  }

  @Test
  void unknownRevokedAndExpiredKeysOpenNothing() {
    ApiKeys.Created revoked = keys.create(department, Caller.Scope.USER);
    keys.revoke(revoked.id());
    ApiKeys.Created expired = keys.create(department, Caller.Scope.USER, Duration.ZERO);
    assertThat(keys.authenticate(revoked.secret())).isEmpty();
    assertThat(keys.authenticate(expired.secret())).isEmpty();
    assertThat(keys.authenticate("sk-graft-unknown")).isEmpty();
    assertThat(keys.authenticate("")).isEmpty();
  }

  @Test
  void aRotatedKeyHasOneSuccessor() {
    ApiKeys.Created first = keys.create(department, Caller.Scope.ADMIN);
    ApiKeys.Created second = keys.rotate(first.id());
    assertThat(keys.authenticate(first.secret())).isEmpty();
    assertThat(keys.authenticate(second.secret()))
        .map(Bearer::roles)
        .hasValueSatisfying(roles -> assertThat(roles).containsExactly("ADMIN"));
    assertThatThrownBy(() -> keys.rotate(first.id())).isInstanceOf(RequestFailed.class);
  }

  @Test
  void theListShowsUseButNoKey() {
    ApiKeys.Created key = keys.create(department, Caller.Scope.USER);
    assertThat(keys.list(department)).singleElement().matches(each -> each.lastUsedAt() == null);
    keys.authenticate(key.secret());
    assertThat(keys.list(department))
        .singleElement()
        .matches(each -> each.lastUsedAt() != null)
        .extracting(ApiKeys.Listed::prefix)
        .isEqualTo(key.secret().substring(0, 15));
  }

  @Test
  void aDepartmentIsMadeOnceAndItsNameIsChecked() {
    assertThat(departments.ensure(name)).isEqualTo(department);
    assertThatThrownBy(() -> departments.ensure("Not a name"))
        .isInstanceOfSatisfying(RequestFailed.class, e -> assertThat(e.param()).isEqualTo("name"));
  }
}
