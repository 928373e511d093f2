package dev.graft.platform.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.ExpectedLog;
import dev.graft.pg.GraftIT;
import dev.graft.platform.LoopThreads;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** What becomes of work, as if there were two servers. */
@GraftIT
class LeasedWorkIT {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration NEVER = Duration.ofDays(1);
  private static final Duration MOMENT = Duration.ofMillis(20);
  private static final WorkSettings.Backoff RETRIES =
      new WorkSettings.Backoff(3, Duration.ofMillis(1), Duration.ofMillis(1));

  @Autowired private Departments departments;
  @Autowired private JdbcClient sql;
  @Autowired private TransactionTemplate transaction;
  private LeasedWork one;
  private LeasedWork other;
  private String kind = "";
  private String department = "";

  @BeforeEach
  void twoServers() {
    one = new LeasedWork(sql);
    other = new LeasedWork(sql);
    kind = "test-" + UUID.randomUUID();
    department = departments.ensure("d-" + UUID.randomUUID());
  }

  private interface Does {
    void work(WorkClaim claim) throws InterruptedException, IOException;
  }

  private final class TestKind implements WorkKind {
    final List<String> done = new CopyOnWriteArrayList<>();
    final List<String> givenUp = new CopyOnWriteArrayList<>();
    private final Does does;
    private final Duration poll;
    private final Duration lease;

    TestKind(Does does, Duration poll, Duration lease) {
      this.does = does;
      this.poll = poll;
      this.lease = lease;
    }

    @Override
    public WorkSettings settings() {
      return new WorkSettings(kind, false, 3, 1, poll, lease, RETRIES, Duration.ZERO);
    }

    @Override
    public void work(WorkClaim claim) throws InterruptedException, IOException {
      does.work(claim);
      done.add(claim.subject());
    }

    @Override
    public void gaveUp(WorkClaim claim) {
      givenUp.add(claim.subject());
    }
  }

  private TestKind kind(Does does) {
    return new TestKind(does, MOMENT, LONG);
  }

  private Optional<WorkClaim> claim(LeasedWork server) {
    return server.claim(kind, LONG, RETRIES, List.of());
  }

  private void leaseIsOver() {
    leaseIsOverFor(Duration.ofMillis(1));
  }

  private void leaseIsOverFor(Duration time) {
    sql.sql(
            "update leased_work set claimed_until = graft_now() - make_interval(secs => :time)"
                + " where kind = :kind")
        .param("kind", kind)
        .param("time", time.toMillis() / 1000.0)
        .update();
  }

  private int left() {
    return sql.sql("select count(*) from leased_work where kind = :kind")
        .param("kind", kind)
        .query(Integer.class)
        .single();
  }

  /** With one loop for each server. */
  private void run(TestKind first, TestKind second, Runnable until) {
    LoopThreads ones = WorkLoop.threads(one, List.of(first));
    LoopThreads others = WorkLoop.threads(other, List.of(second));
    ones.start();
    others.start();
    try {
      until.run();
    } finally {
      ones.stop();
      others.stop();
    }
  }

  @Test
  void twoServersDoEachPieceOnce() {
    List<String> all = IntStream.range(0, 40).mapToObj(i -> "piece-" + i).toList();
    for (int i = 0; i < all.size(); i++) {
      if (i % 10 == 0) department = departments.ensure("d-" + UUID.randomUUID());
      one.add(kind, all.get(i), department);
    }
    TestKind first = kind(claim -> {});
    TestKind second = kind(claim -> {});
    run(first, second, () -> await().until(() -> left() == 0));

    List<String> done = new ArrayList<>(first.done);
    done.addAll(second.done);
    Collections.sort(done);
    assertThat(done).containsExactlyElementsOf(all.stream().sorted().toList());
  }

  @Test
  void whatADeadServerHadIsTakenByAnotherAndComingLateItWritesNothing() {
    one.add(kind, "piece", department);
    WorkClaim late = claim(one).orElseThrow();
    assertThat(claim(other)).as("it is being worked at").isEmpty();
    leaseIsOver();
    assertThat(one.renew(late, LONG)).as("nobody has taken it").isTrue();
    leaseIsOver();
    WorkClaim next = claim(other).orElseThrow();

    assertThat(next.attempts).isEqualTo(1);
    assertWritesNothing(late);
    assertThat(late.ended).isFalse();
    assertThat(transaction.<Boolean>execute(status -> other.hold(next))).isTrue();
    assertThat(other.done(next)).isTrue();
    one.add(kind, "piece", department);
    claim(other).orElseThrow();
    assertWritesNothing(late);
    assertWritesNothing(next);
  }

  private void assertWritesNothing(WorkClaim late) {
    assertThat(one.renew(late, LONG)).isFalse();
    assertThat(transaction.<Boolean>execute(status -> one.hold(late))).isFalse();
    assertThat(one.progressed(late)).isFalse();
    assertThat(one.release(late)).isFalse();
    assertThat(one.later(late, Duration.ZERO)).isFalse();
    assertThat(one.until(late, late.dueAt())).isFalse();
    assertThat(one.failed(late, Duration.ZERO)).isFalse();
    assertThat(one.done(late)).isFalse();
  }

  @Test
  void whatKeepsFailingIsGivenUpAndTold() {
    List<String> tries = new CopyOnWriteArrayList<>();
    TestKind fails =
        kind(
            claim -> {
              tries.add(claim.subject());
              throw new IOException("no such thing");
            });
    one.add(kind, "poison", department);
    try (ExpectedLog log =
        ExpectedLog.of(WorkLoop.class, "work_failed", "work_given_up").about("subject", "poison")) {
      run(fails, fails, () -> await().until(() -> left() == 0));
      assertThat(log.seen()).endsWith("work_failed", "work_given_up");
    }

    assertThat(tries).hasSize(3);
    assertThat(fails.givenUp).containsExactly("poison");
    assertThat(fails.done).isEmpty();
  }

  @Test
  void whatTakesItsServersDownIsGivenUpToo() {
    one.add(kind, "poison", department);
    for (int i = 0; i < 3; i++) {
      assertThat(claim(one).orElseThrow().attempts).isEqualTo(i);
      leaseIsOver();
    }
    TestKind never = kind(claim -> {});
    try (ExpectedLog log =
        ExpectedLog.of(WorkLoop.class, "work_given_up").about("subject", "poison")) {
      run(never, never, () -> await().until(() -> left() == 0));
      assertThat(log.seen()).containsExactly("work_given_up");
    }
    assertThat(never.givenUp).containsExactly("poison");
    assertThat(never.done).isEmpty();
  }

  @Test
  void aClaimThatRanOutWaitsAsAFailureDoes() {
    var retries = new WorkSettings.Backoff(9, Duration.ofMinutes(1), Duration.ofMinutes(3));
    one.add(kind, "killer", department);
    assertThat(one.claim(kind, LONG, retries, List.of())).isPresent();
    for (int minutes : List.of(1, 2, 3, 3)) { // not four
      leaseIsOverFor(Duration.ofMinutes(minutes).minusSeconds(30));
      assertThat(other.claim(kind, LONG, retries, List.of())).isEmpty();
      leaseIsOverFor(Duration.ofMinutes(minutes));
      assertThat(other.claim(kind, LONG, retries, List.of())).isPresent();
    }
  }

  @Test
  void progressForgivesFailures() {
    one.add(kind, "piece", department);
    one.failed(claim(one).orElseThrow(), Duration.ZERO);
    WorkClaim claim = claim(one).orElseThrow();
    assertThat(claim.attempts).isEqualTo(1);
    assertThat(one.progressed(claim)).isTrue();
    one.later(claim, Duration.ZERO);
    assertThat(claim(one).orElseThrow().attempts).isZero();
  }

  @Test
  void aServerThatStopsGivesBackWhatIsUnderWay() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    TestKind blocked =
        kind(
            claim -> {
              begun.countDown();
              new CountDownLatch(1).await();
            });
    one.add(kind, "piece", department);
    LoopThreads loop = WorkLoop.threads(one, List.of(blocked));
    loop.start();
    begun.await();
    loop.stop();

    assertThat(claim(other).orElseThrow().attempts).isZero();
    assertThat(blocked.done).isEmpty();
  }

  @Test
  void whoeverWorksAtWhatIsDroppedIsInterrupted() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    TestKind blocked =
        new TestKind(
            claim -> {
              begun.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException dropped) {
                interrupted.countDown();
                throw dropped;
              }
            },
            NEVER,
            Duration.ofSeconds(1));
    LoopThreads loop = WorkLoop.threads(one, List.of(blocked));
    loop.start();
    try {
      one.add(kind, "piece", department); // is heard of before the next poll
      begun.await();
      one.drop(kind, "piece", departments.ensure("d-" + UUID.randomUUID()));
      assertThat(left()).as("another department's").isOne();
      one.drop(kind, "piece", department);
      interrupted.await();
    } finally {
      loop.stop();
    }
    assertThat(left()).isZero();
  }

  @Test
  void departmentsTakeTurns() {
    for (int i = 0; i < 3; i++) one.add(kind, "many-" + i, department);
    one.add(kind, "few", departments.ensure("d-" + UUID.randomUUID()));

    List<String> claimed = new ArrayList<>();
    Optional<WorkClaim> claim;
    while ((claim = claim(other)).isPresent()) claimed.add(claim.get().subject());
    assertThat(claimed).containsExactly("many-0", "few", "many-1", "many-2");
  }

  @Test
  void aDepartmentHasItsShareOfEachServer() {
    for (int i = 0; i < 6; i++) one.add(kind, "piece-" + i, department);
    CountDownLatch both = new CountDownLatch(2);
    AtomicInteger most = new AtomicInteger();
    run(counted(both, most), counted(both, most), () -> await().until(() -> left() == 0));
    assertThat(most).hasValue(1);
  }

  /** Begins nothing else before both servers are at work. */
  private TestKind counted(CountDownLatch both, AtomicInteger most) {
    AtomicInteger underWay = new AtomicInteger();
    return kind(
        claim -> {
          most.accumulateAndGet(underWay.incrementAndGet(), Math::max);
          both.countDown();
          both.await();
          underWay.decrementAndGet();
        });
  }

  @Test
  void whatIsWrittenWithATransactionComesAndGoesWithIt() {
    transaction.executeWithoutResult(
        status -> {
          one.add(kind, "piece", department);
          status.setRollbackOnly();
        });
    assertThat(claim(other)).isEmpty();
    transaction.executeWithoutResult(status -> one.add(kind, "piece", department));
    WorkClaim claim = claim(other).orElseThrow();
    transaction.executeWithoutResult(
        status -> {
          assertThat(other.done(claim)).isTrue();
          status.setRollbackOnly();
        });
    assertThat(other.renew(claim, LONG)).isTrue();
  }

  @Test
  void addedAgainItIsDueNowAtTheLatest() {
    one.add(kind, "piece", department);
    one.later(claim(one).orElseThrow(), LONG);
    assertThat(claim(one)).isEmpty();
    one.add(kind, "piece", department);
    assertThat(claim(one)).isPresent();
  }
}
