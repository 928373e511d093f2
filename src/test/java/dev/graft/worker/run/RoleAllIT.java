package dev.graft.worker.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.queue.QueueServer;
import dev.graft.pg.GraftIT;
import dev.graft.worker.FakeTrainer;
import dev.graft.worker.TestWorker;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;

/** Server and worker in one process, joined without HTTP. */
@GraftIT
@ActiveProfiles({"server", "worker"})
@Import({QueueServer.class, RoleAllIT.Fake.class})
@DirtiesContext
class RoleAllIT {
  @TestConfiguration(proxyBeanMethods = false)
  static class Fake {
    @Bean
    @Primary
    TrainerCommandLine fakeTrainer() {
      return TestWorker.fakeTrainer();
    }
  }

  @TempDir Path directory;
  @Autowired QueueServer server;
  @Autowired JdbcClient sql;

  @Test
  void jobIsTrainedByTheWorkerInside() throws Exception {
    QueueServer.Submitted job =
        server.submit("{\"steps\":4,\"step_ms\":1,\"save_steps\":2}", directory);
    await().atMost(Duration.ofSeconds(60)).until(() -> server.state(job).equals("succeeded"));
    assertThat(server.result(job, "adapter_model.safetensors"))
        .isEqualTo(FakeTrainer.result(42, QueueServer.DATA, 4));
    assertThat(server.step(job)).isEqualTo(4);
    assertThat(server.violations()).isEmpty();
    assertThat(
            sql.sql("select memory_bytes from worker_device where name = 'cpu'")
                .query(Long.class)
                .single())
        .isPositive();
  }
}
