package dev.graft.webhooks;

import static dev.graft.tenancy.ApiClient.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.QueueServer;
import dev.graft.jobs.QueueServer.Submitted;
import dev.graft.pg.TwoServers;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What two servers tell: an endpoint that one was told of, events of both, each sent once. */
class WebhooksOfTwoServersIT {
  private static final int JOBS = 20;

  private final TwoServers servers = TwoServers.shared();
  @TempDir Path directory;

  @Test
  void eachEventIsSentOnceSignedWithTheOneSecret() throws Exception {
    QueueServer a = servers.a().make(QueueServer.class);
    QueueServer b = servers.b().make(QueueServer.class);
    Submitted first = a.submit("{}", directory);
    String key =
        servers.b().get(ApiKeys.class).create(first.department(), Caller.Scope.USER).secret();
    try (Receiver receiver = new Receiver()) {
      ok(
          new ApiClient(servers.a().port(), key)
              .post(
                  "/v1/webhook_endpoints",
                  "{'name': 'portal', 'url': '%s', 'event_types': ['fine_tuning.job.cancelled']}"
                      .formatted(receiver.url())));
      List<Submitted> jobs = new ArrayList<>(List.of(first));
      for (int i = 1; i < JOBS; i++) {
        jobs.add((i % 2 == 0 ? a : b).submitOf(first.department(), "{}", directory));
      }
      for (int i = 0; i < JOBS; i++) (i % 2 == 0 ? b : a).cancel(jobs.get(i));
      await().atMost(Duration.ofSeconds(60)).until(() -> receiver.received().size() >= JOBS);
      Set<String> told = new HashSet<>();
      receiver.received().forEach(each -> told.add(each.json().at("/data/id").asString()));
      assertThat(told).hasSize(JOBS);
      assertThat(receiver.received()).hasSize(JOBS);
    }
  }
}
