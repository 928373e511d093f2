package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.QueueServer;
import dev.graft.jobs.QueueServer.Submitted;
import dev.graft.pg.TwoServers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real worker processes, each of which knows one of two servers. */
class WorkersOfTwoServersIT {
  private static final Duration LONG = Duration.ofSeconds(90);

  private final TwoServers servers = TwoServers.shared();
  private final QueueServer a = servers.a().make(QueueServer.class);
  private final QueueServer b = servers.b().make(QueueServer.class);
  private final List<Process> workers = new ArrayList<>();
  @TempDir Path directory;

  @AfterEach
  void stop() throws Exception {
    for (Process worker : workers) worker.destroyForcibly().waitFor();
    a.awaitNoRequests();
    b.awaitNoRequests();
  }

  private void worker(String name, TwoServers.Server server) throws Exception {
    // With a token of the other.
    workers.add(TestWorker.start(directory.resolve(name), server.url(), b.joinToken()));
  }

  @Test
  void aJobThatOneIsAskedForIsTrainedByAWorkerOfTheOther() throws Exception {
    worker("at-a", servers.a());
    Submitted job = b.submit("{\"steps\":20,\"step_ms\":5}", directory);
    await().atMost(LONG).until(() -> b.state(job).equals("succeeded"));
    assertThat(b.result(job, "adapter_model.safetensors"))
        .isEqualTo(FakeTrainer.result(42, QueueServer.DATA, 20));
  }

  @Test
  void aJobIsCancelledAtTheServerThatItsWorkerDoesNotKnow() throws Exception {
    worker("at-a", servers.a());
    Submitted job = a.submit("{\"steps\":100000,\"step_ms\":20}", directory);
    await().atMost(LONG).until(() -> b.step(job) > 3);
    b.cancel(job);
    await().atMost(Duration.ofSeconds(15)).until(() -> a.state(job).equals("cancelled"));
  }

  @Test
  void aJobWhoseWorkerIsLostContinuesAtAWorkerOfTheOther() throws Exception {
    worker("at-a", servers.a());
    int steps = 60;
    Submitted job =
        a.submit("{\"steps\":%d,\"step_ms\":50,\"save_steps\":5}".formatted(steps), directory);
    await().atMost(LONG).until(() -> b.checkpoint(job) >= 5);
    workers.getFirst().destroyForcibly().waitFor();
    worker("at-b", servers.b());
    await().atMost(LONG).until(() -> a.state(job).equals("succeeded"));
    assertThat(a.result(job, "adapter_model.safetensors"))
        .isEqualTo(FakeTrainer.result(42, QueueServer.DATA, steps));
    assertThat(b.failures(job)).isZero();
  }
}
