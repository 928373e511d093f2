package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.QueueServer.Submitted;
import dev.graft.pg.GraftIT;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.TestPropertySource;

/** Worker processes whose copies of base models may take little of the disk. */
@GraftIT
@Import(QueueServer.class)
@TestPropertySource(properties = {"graft.jobs.retry-after=100ms", "graft.jobs.claim-poll=100ms"})
class CacheSizeIT {
  private static final Duration LONG = Duration.ofSeconds(90);
  private static final int WEIGHTS = 300_000;
  private static final long ONE_MODEL = 400_000;
  private static final String SHORT = "{\"steps\":3,\"step_ms\":1}";

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  private final List<Process> workers = new ArrayList<>();

  @AfterEach
  void stopWorkers() throws Exception {
    for (Process worker : workers) worker.destroyForcibly().waitFor();
    server.awaitNoRequests();
  }

  @Test
  void jobsOnTwoBaseModelsInTurnSucceedWhereOnlyOneHasRoom() throws Exception {
    start("small", ONE_MODEL);
    for (int seed : List.of(1, 2, 1)) {
      Path weights = weights(seed, WEIGHTS);
      Submitted job = server.submitOn(weights, SHORT);
      await().atMost(LONG).until(() -> server.state(job).equals("succeeded"));
      assertThat(server.attempts(job)).doesNotContain("released", "failed");
      try (FileArtifactStore store = FileArtifactStore.open(directory.resolve("small"))) {
        BlobCache copies = BlobCache.of(store, new BlobCache.Bounds(ONE_MODEL, 0));
        assertThat(copies.bytes()).isBetween((long) WEIGHTS, ONE_MODEL);
        assertThat(store.stat(digest(weights))).isPresent();
      }
    }
    assertThat(directory.resolve("small/worker.log")).content().contains("copy_evicted");
    await().untilAsserted(() -> assertThat(runs("small")).isEmpty());
    assertThat(server.violations()).isEmpty();
  }

  @Test
  void aJobThatDoesNotFitIsGivenBackUnharmedAndDoneByAnotherWorker() throws Exception {
    Submitted job = server.submitOn(weights(3, 2 * WEIGHTS), SHORT);
    start("small", ONE_MODEL);
    await().atMost(LONG).until(() -> server.attempts(job).contains("released"));
    assertThat(
            server.told(
                job,
                "The worker's disk has no room for the base model and the data of this job; the job waits"
                    + " for room, or for another worker"))
        .isPositive();
    start("large", 2 * ONE_MODEL);
    await().atMost(LONG).until(() -> server.state(job).equals("succeeded"));
    assertThat(server.failures(job)).isZero();
    assertThat(server.attempts(job)).doesNotContain("failed", "lost");
    assertThat(server.violations()).isEmpty();
  }

  private Path weights(int seed, int bytes) throws IOException {
    byte[] weights = new byte[bytes];
    new Random(seed).nextBytes(weights);
    return Files.write(directory.resolve("weights-" + seed), weights);
  }

  private static Digest digest(Path file) throws IOException {
    return Digest.of(Files.readAllBytes(file));
  }

  /** Directories of runs, of whichever process. */
  private List<Path> runs(String worker) throws IOException {
    try (var all = Files.walk(directory.resolve(worker).resolve("jobs"), 2)) {
      return all.filter(each -> each.getFileName().toString().startsWith("ftjob-")).toList();
    }
  }

  private void start(String name, long cacheSize) throws IOException {
    String url = "http://127.0.0.1:" + port;
    workers.add(TestWorker.start(directory.resolve(name), url, server.joinToken(), cacheSize));
  }
}
