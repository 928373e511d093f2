package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.graft.pg.GraftIT;
import dev.graft.pg.MovableClock;
import dev.graft.platform.BearerAuthenticator.Bearer;
import dev.graft.platform.RequestFailed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

@GraftIT
class ApiKeysIT {
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired KeyAuthenticator authenticator;
  @Autowired JdbcClient jdbc;
  @Autowired MovableClock clock;
  private String department = "";
  private String name = "";

  @BeforeEach
  void aDepartment() {
    name = "d-" + UUID.randomUUID();
    department = departments.ensure(name);
  }

  @AfterEach
  void theClockIsRight() {
    clock.reset();
  }

  @Test
  void aKeySaysItsDepartmentAndScope() {
    ApiKeys.Created key = keys.create(department, Caller.Scope.ADMIN);
    Bearer bearer = authenticator.authenticate(key.secret()).orElseThrow();
    assertThat(bearer.principal())
        .isInstanceOfSatisfying(
            Caller.class,
            caller -> {
              assertThat(caller.departmentId()).isEqualTo(department);
              assertThat(caller.departmentName()).isEqualTo(name);
              assertThat(caller.actor().keyId()).isEqualTo(key.id());
            });
    assertThat(bearer.roles()).contains("api.files.write", "api.organization.write");
    assertThat(roles(keys.create(department, Caller.Scope.USER)))
        .contains("api.files.write")
        .doesNotContain("api.organization.read", "api.project.write");
  }

  @Test
  void anAdministratorsKeyBelongsToNoDepartment() {
    ApiKeys.Created key = keys.createForAdministrator(ApiKeys.UNNAMED, null);
    Bearer bearer = authenticator.authenticate(key.secret()).orElseThrow();
    assertThat(bearer.principal()).isInstanceOf(Identity.Administrator.class);
    assertThat(bearer.roles()).contains("api.organization.write").doesNotContain("api.files.read");
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
    ApiKeys.Created expired = keys.create(department, Caller.Scope.USER, "expired", Duration.ZERO);
    assertThat(authenticator.authenticate(revoked.secret())).isEmpty();
    assertThat(authenticator.authenticate(expired.secret())).isEmpty();
    assertThat(authenticator.authenticate("sk-graft-unknown")).isEmpty();
    assertThat(authenticator.authenticate("")).isEmpty();
  }

  @Test
  void aRotatedKeyHasOneSuccessor() {
    ApiKeys.Created first = keys.create(department, Caller.Scope.ADMIN);
    ApiKeys.Created second = keys.rotate(first.id(), Duration.ZERO);
    assertThat(authenticator.authenticate(first.secret())).isEmpty();
    assertThat(roles(second)).contains("api.organization.write");
    assertThatThrownBy(() -> keys.rotate(first.id(), Duration.ZERO))
        .isInstanceOf(RequestFailed.class);
  }

  @Test
  void anOverlapLeavesTheOldKeyItsTime() {
    ApiKeys.Created first = keys.create(department, Caller.Scope.USER, "portal", null);
    ApiKeys.Created second = keys.rotate(first.id(), Duration.ofHours(1));
    assertThat(roles(first)).isEqualTo(roles(second));
    assertThat(keys.list(department))
        .extracting(ApiKeys.Listed::name, ApiKeys.Listed::id, ApiKeys.Listed::replaces)
        .containsExactlyInAnyOrder(
            tuple("portal", second.id(), first.id()), tuple("portal", first.id(), null));
    clock.move(Duration.ofHours(1));
    assertThat(authenticator.authenticate(first.secret())).isEmpty();
    assertThat(authenticator.authenticate(second.secret())).isPresent();
  }

  @Test
  void ofManyWhoRotateAKeyAtOnceOneGetsASuccessor() throws Exception {
    String key = keys.create(department, Caller.Scope.USER).id();
    CyclicBarrier together = new CyclicBarrier(4);
    int refused = 0;
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Future<ApiKeys.Created>> asked = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        asked.add(
            threads.submit(
                () -> {
                  together.await();
                  return keys.rotate(key, Duration.ZERO);
                }));
      }
      for (Future<ApiKeys.Created> each : asked) {
        try {
          each.get();
        } catch (ExecutionException late) {
          assertThat(late).hasCauseInstanceOf(RequestFailed.class);
          refused++;
        }
      }
    }
    assertThat(refused).isEqualTo(3);
    assertThat(keys.list(department)).hasSize(1);
  }

  @Test
  void theListShowsUseButNoKey() {
    ApiKeys.Created key = keys.create(department, Caller.Scope.USER);
    assertThat(keys.list(department)).singleElement().matches(each -> each.lastUsedAt() == null);
    authenticator.authenticate(key.secret());
    assertThat(keys.list(department))
        .singleElement()
        .matches(each -> each.lastUsedAt() != null)
        .extracting(ApiKeys.Listed::prefix)
        .isEqualTo(key.secret().substring(0, 15));
  }

  @Test
  void aDepartmentIsMadeOnceAndItsNameIsChecked() {
    assertThat(departments.ensure(name)).isEqualTo(department);
    for (String wrong : List.of("", " a", "a\nb", "x".repeat(64))) {
      assertThatThrownBy(() -> departments.ensure(wrong))
          .isInstanceOfSatisfying(
              RequestFailed.class, e -> assertThat(e.param()).isEqualTo("name"));
    }
  }

  @Test
  void ofManyWhoAskForOneDepartmentAtOnceOneMakesIt() throws Exception {
    String asked = "Raced " + UUID.randomUUID();
    CyclicBarrier together = new CyclicBarrier(8);
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<String>> found = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        found.add(
            threads.submit(
                () -> {
                  together.await();
                  return departments.ensure(asked);
                }));
      }
      Set<String> ids = new HashSet<>();
      for (Future<String> each : found) ids.add(each.get());
      assertThat(ids).hasSize(1);
    }
  }

  private Set<String> roles(ApiKeys.Created key) {
    return authenticator.authenticate(key.secret()).orElseThrow().roles();
  }
}
