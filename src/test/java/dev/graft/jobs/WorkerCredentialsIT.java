package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.WorkerPrincipal;
import dev.graft.pg.GraftIT;
import dev.graft.pg.TestPostgres;
import dev.graft.platform.Secrets;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** The end of credentials, and how workers come to their next ones. */
@GraftIT
class WorkerCredentialsIT {
  @LocalServerPort int port;
  @Autowired JoinTokens tokens;
  @Autowired Workers workers;
  @Autowired Workers.WorkerCredentials credentials;
  @Autowired JdbcClient sql;
  private LeaseWire.Joined joined = new LeaseWire.Joined("", "");

  @BeforeEach
  void aWorker() {
    String token = tokens.create("default", Duration.ofHours(1), null).secret();
    joined = workers.join(token, "node").orElseThrow();
  }

  @Test
  void aCredentialOpensNothingAfterItsEndAndTheRefusalSaysWhatToDo() throws Exception {
    Instant end = workers.find(joined.workerId()).orElseThrow().credentialExpiresAt();
    assertThat(end).isBetween(Instant.now().plus(days(29)), Instant.now().plus(days(31)));
    assertThat(credentials.authenticate(joined.credential())).isPresent();
    endsIn("-1 second");
    assertThat(credentials.authenticate(joined.credential())).isEmpty();
    for (int again = 0; again < 3; again++) {
      HttpResponse<String> refused = ask("GET", "/leases", "");
      assertThat(refused.statusCode()).isEqualTo(401);
      assertThat(refused.body())
          .contains("credential_expired", "start the worker again with a new join token");
    }
    assertThat(audited()).containsExactly("worker.credential_refused 3");
  }

  @Test
  void theOldOneIsGoodUntilTheNewOneWasShown() throws Exception {
    String next = Secrets.next(LeaseWire.CREDENTIAL_PREFIX);
    String body = "{\"credential\":\"" + next + "\"}";
    for (int again = 0; again < 2; again++) {
      assertThat(ask("POST", "/credential", body).body()).contains("expires_at");
      assertThat(credentials.authenticate(joined.credential())).isPresent();
    }
    assertThat(credentials.authenticate(next)).isPresent();
    assertThat(credentials.authenticate(joined.credential())).isEmpty();
    assertThat(credentials.authenticate(next)).isPresent();
    assertThat(audited()).containsExactly("worker.credential_renewed 1");
  }

  @Test
  void itIsTimeWhenAThirdIsLeft() {
    assertThat(due()).isFalse();
    endsIn("10 days 1 minute");
    assertThat(due()).isFalse();
    endsIn("9 days 23 hours");
    assertThat(due()).isTrue();
    String next = Secrets.next(LeaseWire.CREDENTIAL_PREFIX);
    credentials.renew(joined.workerId(), next);
    assertThat(due()).isTrue();
    assertThat(principal(next).renewalDue()).isFalse();
  }

  @Test
  void aProposalThatIsNeverShownEndsToo() {
    String next = Secrets.next(LeaseWire.CREDENTIAL_PREFIX);
    credentials.renew(joined.workerId(), next);
    sql.sql("update worker set next_credential_expires_at = graft_now() where id = :id")
        .param("id", joined.workerId())
        .update();
    assertThat(credentials.authenticate(next)).isEmpty();
    assertThat(credentials.authenticate(joined.credential())).isPresent();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "graft-worker-short", "secret", "graft-worker-\u0000"})
  void whatIsNoCredentialIsRefused(String proposed) {
    assertThatExceptionOfType(LeaseRefused.class)
        .isThrownBy(() -> credentials.renew(joined.workerId(), proposed));
  }

  @Test
  void theCredentialOfAnotherWorkerIsRefused() {
    String token = tokens.create("default", Duration.ofHours(1), null).secret();
    LeaseWire.Joined other = workers.join(token, "other").orElseThrow();
    String next = Secrets.next(LeaseWire.CREDENTIAL_PREFIX);
    credentials.renew(other.workerId(), next);
    for (String theirs : new String[] {other.credential(), next}) {
      assertThatExceptionOfType(LeaseRefused.class)
          .isThrownBy(() -> credentials.renew(joined.workerId(), theirs));
    }
  }

  @Test
  void credentialsOfEarlierReleasesEndThirtyDaysAfterTheUpgrade() {
    TestPostgres.Address database = TestPostgres.empty();
    DriverManagerDataSource source =
        new DriverManagerDataSource(database.url(), database.user(), database.password());
    Flyway.configure().dataSource(source).target("220").load().migrate();
    JdbcClient other = JdbcClient.create(source);
    String join =
        """
        insert into worker (id, name, credential_hash, created_at)
        values (:id, 'node', decode(md5(:id), 'hex'), now() - interval '1 year')
        """;
    other.sql(join).param("id", "before").update();
    Flyway.configure().dataSource(source).load().migrate();
    other.sql(join).param("id", "by a server of the release before").update();
    assertThat(
            other
                .sql(
                    """
                    select count(*) from worker
                     where credential_expires_at between now() + interval '29 days'
                                                     and now() + interval '31 days'
                    """)
                .query(Integer.class)
                .single())
        .isEqualTo(2);
  }

  private boolean due() {
    return principal(joined.credential()).renewalDue();
  }

  private WorkerPrincipal principal(String credential) {
    return (WorkerPrincipal) credentials.authenticate(credential).orElseThrow().principal();
  }

  private void endsIn(String interval) {
    sql.sql("update worker set credential_expires_at = graft_now() + :in::interval where id = :id")
        .param("in", interval)
        .param("id", joined.workerId())
        .update();
  }

  /** Types and how often, oldest first. */
  private List<String> audited() {
    return sql.sql(
            """
            select l.type || ' ' || coalesce(d.count, 1) as said
              from audit_log l left join audit_denial d on d.entry_id = l.id
             where l.resource_id = :id order by l.id
            """)
        .param("id", joined.workerId())
        .query(String.class)
        .list();
  }

  private HttpResponse<String> ask(String method, String path, String body) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + LeaseWire.PATH + path))
                .header("authorization", "Bearer " + joined.credential())
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static Duration days(int days) {
    return Duration.ofDays(days);
  }
}
