package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.graft.pg.GraftIT;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;
import tools.jackson.databind.JsonNode;

/** A flood of equal denials is an entry of the audit log, not one for each. */
@GraftIT
class AuditDenialsIT {
  private static final Actor SOMEBODY = new Actor("key_1", null, null, null);

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired AuditLog audit;
  @Autowired AuditEntries entries;
  @Autowired JdbcClient sql;
  @Autowired TransactionOperations transactions;
  private final String thing = "thing-" + UUID.randomUUID();

  @Test
  void equalOnesWithinTenMinutesAreOneEntryThatCountsThem() {
    denied(0, SOMEBODY, thing, "scope");
    denied(60, SOMEBODY, thing, "scope");
    denied(590, SOMEBODY, thing, "scope");
    assertThat(entries())
        .singleElement()
        .satisfies(
            entry -> {
              assertThat(entry.denials()).isEqualTo(3);
              assertThat(entry.deniedLastAt())
                  .isBetween(
                      entry.effectiveAt().plusSeconds(580), entry.effectiveAt().plusSeconds(600));
            });
    denied(610, SOMEBODY, thing, "scope");
    assertThat(entries()).extracting(AuditEntries.Entry::denials).containsExactly(1L, 3L);
  }

  @Test
  void othersAreEntriesOfTheirOwn() {
    denied(0, SOMEBODY, thing, "scope");
    denied(1, new Actor("key_2", null, null, null), thing, "scope");
    denied(2, null, thing, "scope");
    denied(3, SOMEBODY, thing, "foreign");
    denied(4, SOMEBODY, null, "scope");
    assertThat(entries()).extracting(AuditEntries.Entry::denials).containsExactly(1L, 1L, 1L, 1L);
  }

  @Test
  void noneIsLostWhereManyAreDeniedAtOnce() throws Exception {
    Callable<Boolean> denials =
        () -> {
          for (int i = 0; i < 20; i++)
            audit.denied("access.denied", SOMEBODY, null, thing, reason("x"));
          return true;
        };
    try (ExecutorService callers = Executors.newFixedThreadPool(8)) {
      for (Future<Boolean> each : callers.invokeAll(Collections.nCopies(8, denials))) each.get();
    }
    assertThat(entries()).hasSizeLessThan(3);
    assertThat(entries().stream().mapToLong(each -> Objects.requireNonNull(each.denials())).sum())
        .isEqualTo(160);
  }

  @Test
  void refusedRequestsAreShownWithTheirCountAndTimes() throws Exception {
    String department = departments.ensure("denied " + UUID.randomUUID());
    ApiClient own = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    for (int i = 0; i < 4; i++) error(own.get("/v1/organization/projects"), 403);
    ApiClient admin = own.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    String logs =
        "/v1/organization/audit_logs?event_types%5B%5D=access.denied&project_ids%5B%5D="
            + department;
    await()
        .untilAsserted(
            () -> {
              List<JsonNode> denied =
                  ok(admin.get(logs))
                      .get("data")
                      .valueStream()
                      .map(e -> e.get("access.denied"))
                      .toList();
              assertThat(denied).hasSizeLessThan(3);
              assertThat(denied.stream().mapToInt(each -> each.get("count").asInt()).sum())
                  .isEqualTo(4);
              assertThat(denied)
                  .allMatch(each -> each.get("first_at").asLong() <= each.get("last_at").asLong());
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "update audit_denial set count = 1",
        "update audit_denial set count = count + 1, entry_id = 'another'",
        "delete from audit_denial",
        "truncate audit_denial"
      })
  void theDatabaseRefusesToForgetOne(String statement) {
    denied(0, SOMEBODY, thing, "scope");
    assertThatThrownBy(() -> sql.sql(statement).update())
        .isInstanceOf(DataAccessException.class)
        .hasStackTraceContaining("append-only");
  }

  /** So many seconds after the beginning of a window to come. */
  private void denied(int after, @Nullable Actor actor, @Nullable String resource, String why) {
    transactions.executeWithoutResult(
        transaction -> {
          sql.sql(
                  """
                  select set_config('graft.clock_offset',
                    (600 - extract(epoch from clock_timestamp())::numeric % 600 + ?) || ' seconds', true)
                  """)
              .param(after)
              .query(String.class)
              .single();
          audit.denied("access.denied", actor, null, resource, reason(why));
        });
  }

  private static Map<String, String> reason(String why) {
    return Map.of("reason", why);
  }

  private List<AuditEntries.Entry> entries() {
    return entries.older(
        new AuditEntries.Filters(
            null, null, List.of(), List.of(), List.of(), List.of(), List.of(thing)),
        null,
        100);
  }
}
