package dev.graft.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.artifacts.BlobCollector.Swept;
import dev.graft.jobs.HandWorker;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.pg.GraftIT;
import dev.graft.pg.MovableClock;
import dev.graft.tenancy.StoreInUse;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;
import org.springframework.transaction.support.TransactionTemplate;

/** What nothing needs goes after a day; what anything needs stays. Sweeps are the test's own. */
@GraftIT
@Import({QueueServer.class, HandWorker.class, StoreInUse.class})
@TestPropertySource(properties = "graft.artifacts.sweep-after=1d")
class BlobCollectorIT {
  private static final Duration DAY = Duration.ofDays(1);

  @TempDir Path scratch;
  @LocalServerPort int port;
  @Autowired BlobCollector collector;
  @Autowired BlobCollector.SweepLease lease;
  @Autowired StoreInUse use;
  @Autowired MovableClock clock;
  @Autowired JdbcClient sql;
  @Autowired TransactionTemplate transaction;

  @BeforeEach
  void anEmptyStore() throws IOException {
    use.begin(port);
    List<ArtifactStore.StoredBlob> all;
    try (Stream<ArtifactStore.StoredBlob> left = use.store.blobs()) {
      all = left.toList();
    }
    for (ArtifactStore.StoredBlob blob : all) {
      assertThat(use.store.delete(blob)).isTrue();
    }
  }

  private Swept sweep() {
    return collector.sweep().orElseThrow();
  }

  private boolean isThere(Digest digest) throws IOException {
    return use.store.stat(digest).isPresent();
  }

  @Test
  void whatNothingNeedsGoesWhenThatHasBeenSoForADay() throws Exception {
    String file = use.file("once");
    Digest content = Digest.of("once".getBytes());
    clock.move(DAY.multipliedBy(3));
    assertThat(sweep()).isEqualTo(new Swept(0, 0, 0));
    use.deleteFile(file);
    assertThat(sweep()).isEqualTo(new Swept(1, 0, 0));
    clock.move(DAY.minusMinutes(1));
    assertThat(sweep()).isEqualTo(new Swept(1, 0, 0));
    assertThat(isThere(content)).isTrue();
    clock.move(Duration.ofMinutes(2));
    assertThat(sweep()).isEqualTo(new Swept(1, 1, 4));
    assertThat(isThere(content)).isFalse();
    assertThat(sweep()).isEqualTo(new Swept(0, 0, 0));
  }

  @Test
  void contentThatTwoHaveStaysUntilBothAreGone() throws Exception {
    String one = use.file("shared");
    String other = use.file("shared");
    use.deleteFile(one);
    sweep();
    clock.move(DAY.plusMinutes(1));
    assertThat(sweep().deleted()).isZero();
    use.deleteFile(other);
    sweep();
    clock.move(DAY.plusMinutes(1));
    assertThat(sweep().deleted()).isEqualTo(1);
  }

  @Test
  void contentThatIsUploadedAgainBeginsAnewEvenBeforeARowNamesIt() throws Exception {
    Digest content = use.put("again");
    sweep();
    clock.move(DAY.plusMinutes(1));
    use.put("again");
    assertThat(sweep().deleted()).isZero();
    clock.move(DAY.minusMinutes(1));
    assertThat(sweep().deleted()).isZero();
    use.file("again");
    clock.move(DAY);
    assertThat(sweep().deleted()).isZero();
    assertThat(isThere(content)).isTrue();
  }

  @Test
  void contentThatIsNeededAgainForAWhileBeginsAnew() throws Exception {
    Digest content = use.put("to and fro");
    sweep();
    clock.move(DAY.minusMinutes(1));
    String file = use.file("to and fro");
    sweep();
    use.deleteFile(file);
    clock.move(DAY.minusMinutes(1));
    assertThat(sweep().deleted()).isZero();
    clock.move(DAY.minusMinutes(1));
    assertThat(sweep().deleted()).isZero();
    assertThat(isThere(content)).isTrue();
  }

  @Test
  void whatAWorkerHasUploadedStaysForAsLongAsItsJobRuns() throws Exception {
    LeaseKey job = use.job(scratch);
    Digest early = use.upload(job, "long before the manifest");
    for (int day = 0; day < 5; day++) {
      assertThat(sweep().unreferenced()).isZero();
      clock.move(DAY);
    }
    use.cancel(job);
    assertThat(sweep().unreferenced()).isPositive();
    clock.move(DAY);
    sweep();
    assertThat(isThere(early)).isFalse();
    assertThat(use.stored()).isEmpty();
  }

  @Test
  void whatAManifestNamesStaysWithIt() throws Exception {
    LeaseKey job = use.job(scratch);
    use.checkpoint(job, 1, "step 1");
    String adapter = use.complete(job, "result");
    use.download(adapter);
    sweep();
    clock.move(DAY.plusMinutes(1));
    sweep();
    assertThat(use.stored()).containsExactlyInAnyOrderElementsOf(use.allNeeded());
    use.download(adapter);
    use.deleteAdapter(adapter);
    sweep();
    clock.move(DAY.plusMinutes(1));
    sweep();
    assertThat(use.stored()).containsExactlyInAnyOrderElementsOf(use.allNeeded());
    assertThat(isThere(Digest.of("result".getBytes()))).isFalse();
    assertThat(isThere(Digest.of("step 1".getBytes()))).isTrue();
  }

  @Test
  void allInputsOfAnUnfinishedJobStay() throws Exception {
    LeaseKey job = use.job(scratch);
    Digest validation = use.put("validation");
    Digest start = use.upload(job, "weights to start with");
    sql.sql("delete from job_blob").update();
    sql.sql("update job set validation_digest = ?, start_manifest = ?")
        .params(validation.hex(), start.hex())
        .update();
    sweep();
    clock.move(DAY.plusMinutes(1));
    assertThat(sweep().unreferenced()).isZero();
    use.cancel(job);
    sweep();
    clock.move(DAY.plusMinutes(1));
    sweep();
    assertThat(use.stored()).isEmpty();
  }

  @Test
  void nothingGoesWhileAManifestCannotBeRead() throws Exception {
    Digest garbage = use.put("garbage");
    Digest broken = use.put("{}");
    sweep();
    clock.move(DAY.plusMinutes(1));
    use.job(scratch);
    for (Digest manifest : List.of(broken, new Digest("0".repeat(64)))) {
      sql.sql("update job set base_manifest = ?").param(manifest.hex()).update();
      assertThatThrownBy(() -> collector.sweep())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(manifest.hex());
      assertThat(isThere(garbage)).isTrue();
    }
    sql.sql("truncate job cascade").update();
    sweep();
    assertThat(isThere(garbage)).isFalse();
  }

  @Test
  void oneServerSweepsAtATime() {
    UUID others = lease.take().orElseThrow();
    assertThat(collector.sweep()).isEqualTo(Optional.empty());
    assertThat(lease.renew(others)).isTrue();
    lease.release(others);
    assertThat(collector.sweep()).isPresent();
    assertThat(collector.sweep()).as("it is given back").isPresent();
  }

  @Test
  void whatADeadServerBeganIsAnothersAfterAWhile() {
    UUID dead = lease.take().orElseThrow();
    sql.sql("update artifact_store set sweep_until = graft_now() - interval '1 second'").update();
    assertThat(collector.sweep()).isPresent();
    assertThat(lease.renew(dead)).isFalse();
  }

  @Test
  void aStoreOfAnotherDatabaseIsLeftAlone() throws Exception {
    Digest theirs = use.put("theirs");
    sweep();
    clock.move(DAY.plusMinutes(1));
    String own = sql.sql("select id::text from artifact_store").query(String.class).single();
    sql.sql("update artifact_store set id = gen_random_uuid()").update();
    try {
      assertThatThrownBy(() -> collector.sweep()).hasMessageContaining("another database");
      assertThat(isThere(theirs)).isTrue();
    } finally {
      sql.sql("update artifact_store set id = ?::uuid").param(own).update();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void whateverIsDoneInWhateverOrderWhatIsNeededStaysAndTheRestGoes(long seed) throws Exception {
    Random random = new Random(seed);
    List<String> files = new ArrayList<>();
    List<LeaseKey> jobs = new ArrayList<>();
    List<LeaseKey> ended = new ArrayList<>();
    List<String> adapters = new ArrayList<>();
    for (int step = 1; step <= 150; step++) {
      String content = "content " + random.nextInt(12);
      switch (random.nextInt(11)) {
        case 0, 1 -> files.add(use.file(content));
        case 2 -> {
          if (!files.isEmpty()) use.deleteFile(any(files, random));
        }
        case 3 -> jobs.add(use.job(scratch));
        case 4 -> {
          if (!jobs.isEmpty()) use.upload(jobs.getFirst(), content);
        }
        case 5 -> {
          if (!jobs.isEmpty()) use.checkpoint(jobs.getFirst(), step, content);
        }
        case 6 -> {
          if (jobs.isEmpty()) break;
          LeaseKey job = any(jobs, random);
          ended.add(job);
          adapters.add(use.complete(job, content));
        }
        case 7 -> {
          if (!jobs.isEmpty() && random.nextBoolean()) use.cancel(any(jobs, random));
          if (!ended.isEmpty()) use.deleteCheckpoints(any(ended, random).jobId());
        }
        case 8 -> {
          if (!adapters.isEmpty()) use.deleteAdapter(any(adapters, random));
        }
        case 9 -> {
          if (!adapters.isEmpty()) use.download(adapters.getLast());
        }
        default -> use.put(content);
      }
      if (random.nextInt(3) == 0) {
        clock.move(Duration.ofMinutes(random.nextInt(2000)));
        sweep();
        assertThat(use.stored()).as("step " + step).containsAll(use.allNeeded());
      }
    }
    sweep();
    clock.move(DAY.plusMinutes(1));
    sweep();
    assertThat(use.stored()).containsExactlyInAnyOrderElementsOf(use.allNeeded());
    for (String adapter : adapters) use.download(adapter);
  }

  /** Taken out. */
  private static <T> T any(List<T> some, Random random) {
    return some.remove(random.nextInt(some.size()));
  }
}
