package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.graft.ReachableClassPath;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.QueueServer.Submitted;
import dev.graft.pg.GraftIT;
import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.TestPropertySource;

/** Real server, real worker processes, real trainer processes; only the training is not. */
@GraftIT
@Import(QueueServer.class)
@TestPropertySource(
    properties = {
      "graft.jobs.lease-ttl=5s",
      "graft.jobs.heartbeat=500ms",
      "graft.jobs.reap-every=500ms",
      "graft.jobs.retry-after=100ms",
      "graft.jobs.claim-poll=100ms",
    })
class WorkerProcessesIT {
  private static final Duration LONG = Duration.ofSeconds(90);
  private static final long SEED = 20_260_101;

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired ArtifactStore store;
  private final List<Process> workers = new ArrayList<>();

  @AfterEach
  void stopWorkers() throws Exception {
    for (Process worker : workers) worker.destroyForcibly().waitFor();
    server.awaitNoRequests();
  }

  @Test
  void killedTrainersAndWorkersDoNotChangeTheResult() throws Exception {
    int steps = 80;
    Random random = new Random(SEED);
    Submitted job =
        server.submit("{\"steps\":%d,\"step_ms\":60,\"save_steps\":5}".formatted(steps), directory);
    start("one");
    start("two");
    int reached = 0;
    for (String victim : List.of("trainer", "worker", "trainer")) {
      int at = reached + 6 + random.nextInt(10);
      await().atMost(LONG).until(() -> server.step(job) >= at && trainer().isPresent());
      ProcessHandle trainer = trainer().orElseThrow();
      if (victim.equals("trainer")) trainer.destroyForcibly();
      else {
        trainer.parent().orElseThrow().destroyForcibly();
        await().atMost(Duration.ofSeconds(5)).until(() -> !trainer.isAlive());
      }
      reached = at;
    }
    await().atMost(LONG).until(() -> server.state(job).equals("succeeded"));
    assertThat(server.result(job, "adapter_model.safetensors"))
        .isEqualTo(FakeTrainer.result(42, QueueServer.DATA, steps));
    assertThat(server.failures(job)).isZero();
    assertThat(server.told(job, "The job has successfully completed")).isOne();
    assertThat(server.attempts(job)).contains("lost");
    assertThat(server.violations()).isEmpty();
  }

  @Test
  void cancelReachesARunningTrainer() throws Exception {
    Submitted job = server.submit("{\"steps\":100000,\"step_ms\":20}", directory);
    start("one");
    await().atMost(LONG).until(() -> server.step(job) > 3);
    ProcessHandle trainer = trainer().orElseThrow();
    assertThat(environment(trainer)).contains("PATH=").doesNotContain(TestWorker.PLANTED);
    assertThat(environment(trainer.parent().orElseThrow())).contains(TestWorker.PLANTED);
    server.cancel(job);
    await().atMost(Duration.ofSeconds(15)).until(() -> server.state(job).equals("cancelled"));
    await().atMost(Duration.ofSeconds(5)).until(() -> !trainer.isAlive());
    assertThat(server.violations()).isEmpty();
  }

  /** Each step is longer than what a stop is given at least: the steps before are measured. */
  @Test
  void stoppedWorkersGiveTheJobBackWithItsLastStep() throws Exception {
    Random random = new Random(SEED);
    Submitted job = server.submit("{\"steps\":20,\"step_ms\":700}", directory);
    for (int stop = 0; stop < 3; stop++) {
      Process worker = start("stopped-" + stop);
      int at = server.step(job) + 2 + random.nextInt(3);
      await().atMost(LONG).until(() -> server.step(job) >= at);
      worker.destroy();
      assertThat(worker.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(server.state(job)).isEqualTo("queued");
      assertThat(server.checkpoint(job)).isGreaterThanOrEqualTo(at).isEqualTo(server.step(job));
      assertThat(
              server.told(
                  job,
                  "The worker gave the job back; the job continues from its checkpoint at step "
                      + server.checkpoint(job)))
          .isOne();
    }
    start("last");
    await().atMost(LONG).until(() -> server.state(job).equals("succeeded"));
    assertThat(server.result(job, "adapter_model.safetensors"))
        .isEqualTo(FakeTrainer.result(42, QueueServer.DATA, 20));
    assertThat(server.failures(job)).isZero();
    assertThat(server.attempts(job)).contains("released").doesNotContain("lost");
    assertThat(server.steps(job)).isEqualTo(IntStream.rangeClosed(1, 20).boxed().toList());
  }

  @Test
  void aWorkerThatIsStoppedBeforeTheFirstStepSaysThatTheJobStartsAgain() throws Exception {
    Submitted job = server.submit("{\"steps\":2,\"step_ms\":100000}", directory);
    Process worker = start("one");
    await().atMost(LONG).until(() -> trainer().isPresent());
    worker.destroy();
    assertThat(worker.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(
            server.told(
                job, "The worker gave the job back; the job starts again: no checkpoint yet"))
        .isOne();
    server.cancel(job);
  }

  @Test
  void exitStatusDecidesWhatHappensNext() throws Exception {
    Submitted hopeless = server.submit("{\"exit_at\":1,\"exit_status\":2}", directory);
    Submitted flaky = server.submit("{\"exit_at\":1,\"exit_status\":134}", directory);
    Submitted large = server.submit("{\"steps\":6,\"memory_until\":5,\"save_steps\":2}", directory);
    start("one");
    await().atMost(LONG).until(() -> server.state(hopeless).equals("failed"));
    assertThat(server.failure(hopeless)).contains("bad_input");
    await().atMost(LONG).until(() -> server.state(flaky).equals("failed"));
    assertThat(server.failures(flaky)).isEqualTo(3);
    await().atMost(LONG).until(() -> server.state(large).equals("succeeded"));
    assertThat(server.failures(large)).isZero();
    // the same steps in less memory: what was trained is not trained again
    assertThat(server.told(large, "Training on 8 examples; continues after step 4")).isOne();
  }

  /** What a trainer of a worker of root may not do, its job does without. */
  @Test
  void aTrainerOfRootIsAnotherUserWithoutNetworkAndItsResultIsPublished() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root can have others");
    Submitted job = server.submit("{\"steps\":40,\"step_ms\":50,\"save_steps\":10}", directory);
    Path files = ReachableClassPath.opened(Files.createTempDirectory("graft-worker-"));
    try {
      List<String> command =
          TestWorker.command(files.resolve("one"), "http://127.0.0.1:" + port, server.joinToken());
      String reachable = ReachableClassPath.in(files);
      command.replaceAll(
          each -> each.equals(System.getProperty("java.class.path")) ? reachable : each);
      workers.add(TestWorker.start(files.resolve("one"), command));
      await().atMost(LONG).until(() -> server.step(job) > 3);
      Path trainer = Path.of("/proc", Long.toString(trainer().orElseThrow().pid()));
      assertThat(Files.getAttribute(trainer, "unix:uid")).isEqualTo(65531);
      assertThat(Files.readAllLines(trainer.resolve("net/dev"))).hasSize(3); // two lines, and lo
      await().atMost(LONG).until(() -> server.state(job).equals("succeeded"));
      assertThat(server.result(job, "adapter_model.safetensors"))
          .isEqualTo(FakeTrainer.result(42, QueueServer.DATA, 40));
      assertThat(server.checkpoint(job)).isEqualTo(40);
    } finally {
      stopWorkers();
      FileTrees.delete(files);
    }
  }

  @Test
  void aResultWithALinkInItIsNotSent() throws Exception {
    Path secret = Files.writeString(directory.resolve("credential"), "what only the worker reads");
    Submitted job = server.submit("{\"steps\":1,\"link\":\"%s\"}".formatted(secret), directory);
    start("one");
    await().atMost(LONG).until(() -> server.state(job).equals("failed"));
    Digest read = Digest.of("what only the worker reads".getBytes(StandardCharsets.UTF_8));
    assertThat(store.stat(read)).isEmpty();
  }

  private Process start(String name) throws IOException {
    Process worker =
        TestWorker.start(directory.resolve(name), "http://127.0.0.1:" + port, server.joinToken());
    workers.add(worker);
    return worker;
  }

  private static String environment(ProcessHandle process) throws IOException {
    return Files.readString(Path.of("/proc", Long.toString(process.pid()), "environ"));
  }

  /** The trainer that runs now. */
  /** Other children of a worker are those by which it tries what it may take from trainers. */
  private Optional<ProcessHandle> trainer() {
    return workers.stream()
        .flatMap(worker -> worker.descendants())
        .filter(FakeTrainer::is)
        .findFirst();
  }
}
