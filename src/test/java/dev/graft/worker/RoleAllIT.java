package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.QueueServer;
import dev.graft.pg.GraftIT;
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
        server.submit("{\"steps\":4,\"step_ms\":500,\"save_steps\":2}", directory);
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
    assertThat(
            sql.sql(
                    """
                    select count(*) from worker_device
                     where name = 'cpu' and memory_used is not null and memory_total > 0
                    """)
                .query(Integer.class)
                .single())
        .as("the device says what it does")
        .isOne();
    assertThat(steps(job, "(data ->> 'tokens_per_second')::float8 = 100")).isEqualTo(4);
    assertThat(steps(job, "(data ->> 'peak_memory_bytes')::float8 > 10000000"))
        .as("from the first look at the trainer on")
        .isPositive();
    assertThat(
            sql.sql("select message from job_event where job_id = :job and type = 'message'")
                .param("job", job.id())
                .query(String.class)
                .list())
        .anyMatch(message -> message.matches("Peak memory on cpu: [\\d,]+ MB"));
  }

  private int steps(QueueServer.Submitted job, String that) {
    return sql.sql(
            "select count(*) from job_event where job_id = :job and type = 'metrics' and data ->>"
                + " 'train_loss' is not null and "
                + that)
        .param("job", job.id())
        .query(Integer.class)
        .single();
  }
}
