package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.Directive;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeartbeatsTests {
  private static final Duration OFTEN = Duration.ofMillis(20);
  private static final Digest SOME = new Digest("a".repeat(64));

  private final AtomicReference<Supplier<Directive>> answer =
      new AtomicReference<>(Directive.Continue::new);
  private final CopyOnWriteArrayList<LeaseReport> sent = new CopyOnWriteArrayList<>();
  private final CopyOnWriteArrayList<Directive> heard = new CopyOnWriteArrayList<>();
  private final CopyOnWriteArrayList<CheckpointReport> committed = new CopyOnWriteArrayList<>();
  private final AtomicInteger losses = new AtomicInteger();
  private final RunReporter.PendingReports reports = new RunReporter.PendingReports(() -> null);

  @Test
  void renewsWithoutNewsAndHandsOverDirectives() {
    try (Heartbeats beats = start(600, 20)) {
      await().until(() -> sent.size() >= 3);
      answer.set(Directive.Cancel::new);
      await().until(() -> heard.contains(new Directive.Cancel()));
      assertThat(beats.isLost()).isFalse();
      assertThat(losses).hasValue(0);
    }
  }

  @Test
  void unansweredReportIsSentAgainUnderItsNumberAndNothingIsLeftOut() {
    answer.set(HeartbeatsTests::unreachable);
    reports.metrics(1, Map.of("train_loss", 2.0));
    try (Heartbeats beats = start(60_000, 20)) {
      await().until(() -> sent.size() >= 2);
      reports.metrics(2, Map.of("train_loss", 1.0));
      answer.set(Directive.Continue::new);
      await()
          .until(
              () -> sent.stream().flatMap(r -> r.metrics().stream()).anyMatch(m -> m.step() == 2));
      assertThat(sent).filteredOn(r -> r.number() == 1).allMatch(r -> r.metrics().size() == 1);
      assertThat(sent.stream().filter(r -> r.metrics().stream().anyMatch(m -> m.step() == 2)))
          .hasSize(1);
      assertThat(beats.isLost()).isFalse();
    }
  }

  /** What waits behind a report whose answer is missing, too. */
  @Test
  void aFlushTellsAllThatWaits() {
    answer.set(HeartbeatsTests::unreachable);
    reports.metrics(1, Map.of("train_loss", 2.0));
    try (Heartbeats beats = start(60_000, 60_000)) {
      await().until(() -> !sent.isEmpty());
      reports.metrics(2, Map.of("train_loss", 1.0));
      answer.set(Directive.Continue::new);
      beats.flush();
      assertThat(sent.getLast().metrics()).extracting(LeaseReport.Metrics::step).containsExactly(2);
      assertThat(reports.waiting()).isFalse();
    }
  }

  /** Whoever goes on after a checkpoint tells of no step before it. */
  @Test
  void aCheckpointComesAfterWhatWasToldBeforeIt(@TempDir Path directory) throws IOException {
    Path files = Files.createDirectory(directory.resolve("checkpoint-1"));
    Files.writeString(files.resolve("weights"), "1");
    answer.set(HeartbeatsTests::unreachable);
    Answering protocol = new Answering();
    RunCheckpoints checkpoints =
        new RunCheckpoints(
            protocol,
            key(),
            new RunCheckpoints.DirectoryUpload(protocol, key()),
            new RunReporter(
                reports,
                new RunReporter.RunUse(
                    new Device("ray", null), TrainerDevices.DeviceMeter.NONE, () -> 0)));
    reports.metrics(1, Map.of("train_loss", 2.0));
    try (Heartbeats beats = start(60_000, 60_000)) {
      checkpoints.commit(new TrainingEvent.Checkpoint(1, files.toString()), beats);
      assertThat(committed).isEmpty();
      answer.set(Directive.Continue::new);
      checkpoints.sendLast(System.nanoTime(), beats);
      assertThat(committed).extracting(CheckpointReport::step).containsExactly(1);
      assertThat(reports.waiting()).isFalse();
    }
  }

  @Test
  void leaseIsGivenUpBeforeItsTimeWhenNobodyAnswers() {
    answer.set(HeartbeatsTests::unreachable);
    try (Heartbeats beats = start(600, 50)) {
      await().atMost(Duration.ofSeconds(5)).until(() -> losses.get() > 0);
      assertThat(beats.isLost()).isTrue();
      assertThat(losses).hasValue(1);
    }
  }

  @Test
  void hangingRenewalDoesNotKeepTheLeaseTrusted() {
    answer.set(
        () -> {
          Object never = new Object();
          synchronized (never) {
            try {
              never.wait(20_000);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          }
          return new Directive.Continue();
        });
    try (Heartbeats beats = start(600, 50)) {
      await().atMost(Duration.ofSeconds(5)).until(beats::isLost);
    }
  }

  @Test
  void takenLeaseIsLostAtOnce() {
    answer.set(
        () -> {
          throw new LeaseLost(key());
        });
    try (Heartbeats beats = start(60_000, 20)) {
      await().atMost(Duration.ofSeconds(2)).until(() -> losses.get() > 0);
      assertThat(beats.isLost()).isTrue();
      assertThat(losses).hasValue(1);
    }
  }

  private Heartbeats start(long ttlMs, long heartbeatMs) {
    Lease lease =
        new Lease(
            key(),
            ttlMs,
            heartbeatMs,
            "base",
            SOME,
            SOME,
            null,
            "{}",
            1,
            List.of(),
            null,
            null,
            null,
            null,
            null,
            null);
    return new Heartbeats(
            new Answering(), lease, reports, OFTEN, new Listening(), System.nanoTime())
        .start();
  }

  private static Directive unreachable() {
    throw new UncheckedIOException(new IOException("no route"));
  }

  private static LeaseKey key() {
    return new LeaseKey("ftjob-1", 1, new UUID(0, 1));
  }

  private final class Listening implements Heartbeats.Listener {
    @Override
    public void directed(Directive directive) {
      heard.add(directive);
    }

    @Override
    public void lost() {
      losses.incrementAndGet();
    }
  }

  /** Renews, and takes checkpoints. */
  private final class Answering implements LeaseProtocol {
    @Override
    public Directive renew(LeaseKey key, LeaseReport report) {
      sent.add(report);
      return answer.get().get();
    }

    @Override
    public Optional<Lease> claim(Device device, Duration wait, UUID request) {
      throw new AssertionError();
    }

    @Override
    public void checkpoint(LeaseKey key, CheckpointReport report) {
      committed.add(report);
    }

    @Override
    public void complete(LeaseKey key, Digest manifest) {
      throw new AssertionError();
    }

    @Override
    public void fail(LeaseKey key, TrainingFailure failure) {
      throw new AssertionError();
    }

    @Override
    public void release(LeaseKey key) {
      throw new AssertionError();
    }

    @Override
    public void decline(LeaseKey key) {
      throw new AssertionError();
    }

    @Override
    public InputStream open(LeaseKey key, Digest digest) {
      throw new AssertionError();
    }

    @Override
    public void put(LeaseKey key, BlobRef blob, Path file) {}
  }
}
