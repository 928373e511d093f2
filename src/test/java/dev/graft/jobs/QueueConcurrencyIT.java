package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.OwnServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.pg.TestPostgres;
import dev.graft.tenancy.Actor;
import dev.graft.tenancy.Departments.DepartmentArchived;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@OwnServer
class QueueConcurrencyIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();
  private static final int CLAIMERS = 8;

  private final Queue queue = new Queue(Databases.dataSource(DATABASE));

  @BeforeEach
  void empty() {
    queue.clear();
  }

  @Test
  void quotaHoldsAndNoJobIsClaimedTwiceWithEightClaimers() throws Exception {
    String busy = queue.department(2);
    String small = queue.department(1);
    for (int i = 0; i < 60; i++) queue.submit(busy, 0);
    for (int i = 0; i < 20; i++) queue.submit(small, 0);
    Set<String> claimed = ConcurrentHashMap.newKeySet();
    AtomicInteger mostBusy = new AtomicInteger();
    AtomicInteger mostSmall = new AtomicInteger();

    together(
        CLAIMERS,
        claimer -> {
          String worker = queue.worker();
          while (claimed.size() < 80) {
            Optional<Lease> job = queue.claims.claimNow(worker, Device.UNKNOWN, null);
            mostBusy.accumulateAndGet(queue.running(busy), Math::max);
            mostSmall.accumulateAndGet(queue.running(small), Math::max);
            if (job.isEmpty()) continue;
            assertThat(claimed.add(job.get().key().jobId())).isTrue();
            queue.leases.complete(job.get().key(), "ft", Queue.SOME, List.of());
          }
        });

    assertThat(mostBusy).hasValueLessThanOrEqualTo(2);
    assertThat(mostSmall).hasValueLessThanOrEqualTo(1);
    assertThat(queue.drifted()).isZero();
  }

  @Test
  void sixteenClaimersOfABusyDepartmentNeverLeaveEmptyHandedWhileWorkFits() throws Exception {
    int rounds = 8;
    String busy = queue.department(16);
    for (int i = 0; i < 16 * rounds; i++) queue.submit(busy, 0);
    Set<String> claimed = ConcurrentHashMap.newKeySet();
    together(
        16,
        claimer -> {
          String worker = queue.worker();
          for (int i = 0; i < rounds; i++) {
            // The other fifteen hold fifteen at most, and leave this one its own share of the jobs.
            LeaseKey key = queue.claim(worker);
            claimed.add(key.jobId());
            queue.leases.complete(key, "ft", Queue.SOME, List.of());
          }
        });
    assertThat(claimed).hasSize(16 * rounds);
    assertThat(queue.claims.claimNow(queue.worker(), Device.UNKNOWN, null)).isEmpty();
    assertThat(queue.drifted()).isZero();
  }

  @Test
  void whoeverWaitedForADepartmentWhoseLastJobIsGoneGetsAnother() throws Exception {
    queue.submit(queue.department(4), 0);
    DataSource elsewhere = Databases.dataSource(DATABASE);
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      AtomicReference<String> job = new AtomicReference<>();
      Future<LeaseKey> waiting =
          transaction(elsewhere)
              .execute(
                  open -> {
                    Queue faster = new Queue(elsewhere);
                    faster.claim(faster.worker());
                    Future<LeaseKey> claim = threads.submit(() -> queue.claim(queue.worker()));
                    await().until(this::someoneWaitsForALock);
                    job.set(queue.submit(queue.department(4), 0));
                    return claim;
                  });
      assertThat(waiting.get().jobId()).isEqualTo(job.get());
    }
  }

  @Test
  void archivingWaitsForAJobThatIsJustMovedAndHoldsNothingItNeeds() throws Exception {
    String department = queue.department(1);
    List<String> jobs = new ArrayList<>();
    for (int i = 0; i < 3; i++) jobs.add(queue.submit(department, 0));
    Collections.sort(jobs);
    queue
        .sql
        .sql(
            """
            insert into webhook_endpoint (id, department_id, name, url, events, secret, secret_hint, created_at, updated_at)
            values ('w', :department, 'a', 'https://example.org', '{fine_tuning.job.cancelled}', '', '', graft_now(), graft_now())
            """)
        .param("department", department)
        .update();
    DataSource elsewhere = Databases.dataSource(DATABASE);
    DataSource archiving = Databases.dataSource(DATABASE);
    JdbcClient theirs = JdbcClient.create(archiving);
    JobLedger archivers = new JobLedger(theirs, JobMeters.unread());
    JobLedger.JobsOfArchived archived =
        new JobLedger.JobsOfArchived(new JobRows(theirs), archivers, theirs);
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      Future<?> all =
          transaction(elsewhere)
              .execute(
                  open -> {
                    JdbcClient mover = JdbcClient.create(elsewhere);
                    mover
                        .sql("select from job where id = :id for no key update")
                        .param("id", jobs.getLast())
                        .query()
                        .listOfRows();
                    Future<?> waiting =
                        threads.submit(
                            () ->
                                transaction(archiving)
                                    .executeWithoutResult(
                                        other ->
                                            archived.cancel(new DepartmentArchived(department))));
                    await().until(this::someoneWaitsForALock);
                    new JobLedger(mover, JobMeters.unread())
                        .cancel(department, jobs.getLast(), null, null);
                    return waiting;
                  });
      all.get();
    }
    assertThat(jobs)
        .allSatisfy(job -> assertThat(queue.state(department, job)).isEqualTo(JobState.CANCELLED));
  }

  private static TransactionTemplate transaction(DataSource source) {
    return new TransactionTemplate(new DataSourceTransactionManager(source));
  }

  private boolean someoneWaitsForALock() {
    return queue
        .sql
        .sql(
            """
            select exists (select 1 from pg_stat_activity
                            where datname = current_database() and wait_event_type = 'Lock')
            """)
        .query(Boolean.class)
        .single();
  }

  @Test
  void lockedDepartmentIsSkippedAndTheNextOneTried() {
    String first = queue.department(1);
    String second = queue.department(1);
    queue
        .sql
        .sql("update department set used = 1, used_at = graft_now() where id = :id")
        .param("id", second)
        .update();
    queue.submit(first, 0);
    String job = queue.submit(second, 0);
    DataSource elsewhere = Databases.dataSource(DATABASE);
    transaction(elsewhere)
        .executeWithoutResult(
            open -> {
              JdbcClient.create(elsewhere)
                  .sql("select id from department where id = :id for update")
                  .param("id", first)
                  .query(String.class)
                  .single();
              assertThat(queue.claim(queue.worker()).jobId()).isEqualTo(job);
            });
    assertThat(queue.running(first)).isZero();
  }

  @Test
  void raceOfCancelAndCompleteEndsInExactlyOneOfThem() throws Exception {
    String department = queue.department(50);
    String worker = queue.worker();
    for (int round = 0; round < 40; round++) {
      String job = queue.submit(department, 0);
      LeaseKey key = queue.claim(worker);
      List<JobState> completed = new ArrayList<>();
      together(
          2,
          side -> {
            if (side == 0) queue.ledger.cancel(department, job, null, null);
            else completed.add(queue.leases.complete(key, "ft", Queue.SOME, List.of()));
          });
      assertThat(completed).containsExactly(queue.state(department, job));
    }
    assertThat(queue.drifted()).isZero();
    assertThat(queue.running(department)).isZero();
  }

  @Test
  void ofAnApprovalAndARejectionAtOnceExactlyOneIsTheDecision() throws Exception {
    String department = queue.department(50);
    Actor owner = new Actor("key_owner", null, null, null);
    for (int round = 0; round < 20; round++) {
      String job = queue.submit(department, 0, true, "somebody");
      AtomicInteger approved = new AtomicInteger();
      AtomicInteger rejected = new AtomicInteger();
      together(
          4,
          side -> {
            boolean decided =
                side < 2
                    ? queue.ledger.approve(department, job, owner, null)
                    : queue.ledger.reject(department, job, owner, null);
            if (decided) (side < 2 ? approved : rejected).incrementAndGet();
          });
      assertThat(approved.get() + rejected.get()).isOne();
      assertThat(queue.state(department, job))
          .isEqualTo(approved.get() == 1 ? JobState.QUEUED : JobState.CANCELLED);
    }
  }

  @Test
  void concurrentReapersAndCompletionsEndEachLeaseOnce() throws Exception {
    String department = queue.department(40);
    List<LeaseKey> keys = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      queue.submit(department, 0);
      keys.add(queue.claim(queue.worker()));
    }
    AtomicInteger reaped = new AtomicInteger();
    AtomicInteger completed = new AtomicInteger();
    together(
        4,
        side -> {
          if (side < 2) {
            Queue later = new Queue(Databases.shifted(DATABASE, "61 s"));
            while (later.reap().isPresent()) reaped.incrementAndGet();
          } else {
            for (LeaseKey key : keys.subList((side - 2) * 20, (side - 1) * 20)) {
              try {
                queue.leases.complete(key, "ft", Queue.SOME, List.of());
                completed.incrementAndGet();
              } catch (LeaseLost lost) {
                // the reaper was first
              }
            }
          }
        });
    assertThat(reaped.get() + completed.get()).isEqualTo(40);
    assertThat(queue.drifted()).isZero();
  }

  @Test
  void claimStaysOnTheIndexWithASaturatedDepartmentAndStaleStatistics() {
    String saturated = queue.department(0);
    String runnable = queue.department(1);
    for (String department : List.of(saturated, runnable)) {
      queue
          .sql
          .sql(
              """
              with j as (insert into job (id, department_id, created_at, state, base_model, base_manifest,
                           training_file, training_digest, seed, method, hyperparameters, adapter, available_at)
                select :department || n, :department, graft_now(), 'queued', 'b', 'b', 'f', 'f', 1, '{}', '{}', '{}',
                       graft_now() - n * interval '1 second'
                  from generate_series(1, 12000) n returning id)
              insert into job_progress (job_id) select id from j
              """)
          .param("department", department)
          .update();
    }
    String plan =
        String.join(
            "\n",
            queue
                .sql
                .sql("explain (analyze, costs off, timing off) " + Claims.CLAIM)
                .param("worker", queue.worker())
                .param("dedicated", false)
                .param("kind", 1)
                .param("capability", 0)
                .param("devices", 1)
                .param("memory", Long.MAX_VALUE)
                .param("ttl", 60_000)
                .param("request", null)
                .param("half_life", 1e5)
                .param("penalty", 60)
                .query((row, n) -> row.getString(1))
                .list());
    assertThat(plan).contains("using job_meets on job").doesNotContain("Seq Scan on job ");
    assertThat(plan.lines().filter(line -> line.contains("Sort Method")))
        .allMatch(line -> line.contains("Memory"));
    assertThat(queue.running(runnable)).isOne();
  }

  private interface Side {
    void run(int number) throws Exception;
  }

  private static void together(int sides, Side side) throws Exception {
    CyclicBarrier start = new CyclicBarrier(sides);
    try (ExecutorService threads = Executors.newFixedThreadPool(sides)) {
      List<Callable<Void>> all = new ArrayList<>();
      for (int i = 0; i < sides; i++) {
        int number = i;
        all.add(
            () -> {
              start.await();
              side.run(number);
              return null;
            });
      }
      for (Future<Void> done : threads.invokeAll(all)) done.get();
    } catch (ExecutionException failed) {
      throw new AssertionError(failed.getCause());
    }
  }
}
