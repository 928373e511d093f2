package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.GraftIT;
import dev.graft.platform.RequestFailed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

@GraftIT
class JoinTokensIT {
  private static final Duration AN_HOUR = Duration.ofHours(1);

  @Autowired JoinTokens tokens;
  @Autowired Workers workers;
  @Autowired JdbcClient sql;

  @Test
  void aTokenLetsOneWorkerInIntoItsClass() {
    JoinTokens.Created token = tokens.create("gpu-a100", AN_HOUR, null);
    String worker = workers.join(token.secret(), "node").orElseThrow().workerId();
    assertThat(
            sql.sql("select class from worker where id = :id")
                .param("id", worker)
                .query(String.class)
                .single())
        .isEqualTo("gpu-a100");
    assertThat(workers.join(token.secret(), "node")).isEmpty();
    assertThat(tokens.find(token.id()).orElseThrow())
        .matches(used -> used.status().equals("used") && worker.equals(used.workerId()));
    assertThat(tokens.revoke(token.id())).isFalse();
  }

  @Test
  void ofManyWhoJoinWithOneTokenAtOnceOneGetsIn() throws Exception {
    String secret = tokens.create("default", AN_HOUR, null).secret();
    CyclicBarrier together = new CyclicBarrier(6);
    List<Future<Boolean>> joined = new ArrayList<>();
    try (ExecutorService nodes = Executors.newFixedThreadPool(6)) {
      for (int i = 0; i < 6; i++) {
        joined.add(
            nodes.submit(
                () -> {
                  together.await();
                  return workers.join(secret, "node").isPresent();
                }));
      }
      int in = 0;
      for (Future<Boolean> each : joined) if (each.get()) in++;
      assertThat(in).isEqualTo(1);
    }
  }

  @Test
  void aRevokedOrExpiredTokenLetsNobodyIn() {
    JoinTokens.Created revoked = tokens.create("default", AN_HOUR, null);
    assertThat(tokens.revoke(revoked.id())).isTrue();
    assertThat(workers.join(revoked.secret(), "node")).isEmpty();
    assertThat(tokens.find(revoked.id()).orElseThrow().status()).isEqualTo("revoked");
    JoinTokens.Created expired = tokens.create("default", AN_HOUR, null);
    sql.sql(
            "update worker_join_token set expires_at = graft_now() - interval '1 second' where id = :id")
        .param("id", expired.id())
        .update();
    assertThat(workers.join(expired.secret(), "node")).isEmpty();
    assertThat(tokens.find(expired.id()).orElseThrow().status()).isEqualTo("expired");
  }

  @Test
  void tokensAreListedNewestFirstWithoutTheirSecrets() {
    JoinTokens.Created first = tokens.create("default", AN_HOUR, "user_1");
    JoinTokens.Created second = tokens.create("default", AN_HOUR, null);
    List<JoinTokens.JoinToken> listed = tokens.list(null, 2);
    assertThat(listed)
        .extracting(JoinTokens.JoinToken::id)
        .containsExactly(second.id(), first.id());
    assertThat(listed.toString()).doesNotContain(first.secret(), second.secret());
    assertThat(tokens.list(first.id(), 100))
        .extracting(JoinTokens.JoinToken::id)
        .doesNotContain(first.id(), second.id());
    assertThat(tokens.list("wjt_unknown", 100)).isEmpty();
    assertThat(tokens.find("wjt_unknown")).isEqualTo(Optional.empty());
  }

  @Test
  void aClassOrTimeOutOfRangeIsRefused() {
    assertThatThrownBy(() -> tokens.create("No Class", AN_HOUR, null))
        .isInstanceOfSatisfying(
            RequestFailed.class, e -> assertThat(e.param()).isEqualTo("worker_class"));
    for (Duration wrong : List.of(Duration.ZERO, Duration.ofDays(31))) {
      assertThatThrownBy(() -> tokens.create("default", wrong, null))
          .isInstanceOfSatisfying(
              RequestFailed.class, e -> assertThat(e.param()).isEqualTo("expires_in_seconds"));
    }
  }
}
