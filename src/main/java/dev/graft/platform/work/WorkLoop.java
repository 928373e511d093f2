package dev.graft.platform.work;

import dev.graft.platform.LoopThreads;
import dev.graft.platform.StoredNumbers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Claims due work of a kind and does each piece on its own thread. */
final class WorkLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(WorkLoop.class);

  /** The time to let an operation finish before it is interrupted. */
  private static final Duration MOMENT = Duration.ofMillis(250);

  private static final Duration GIVING_BACK = Duration.ofSeconds(5);

  private final LeasedWork work;
  private final WorkKind kind;
  private final WorkSettings settings;
  private final LeasedWork.WorkSignal news;
  private final Semaphore free;
  private final Map<WorkClaim, Thread> underWay = new ConcurrentHashMap<>();
  private volatile boolean stopping;
  private volatile boolean draining;
  private volatile boolean away;

  private WorkLoop(LeasedWork work, WorkKind kind) {
    this.work = work;
    this.kind = kind;
    this.settings = kind.settings();
    this.news = work.signal(settings.kind());
    this.free = new Semaphore(settings.parallel());
  }

  public static LoopThreads threads(LeasedWork work, List<? extends WorkKind> kinds) {
    List<WorkLoop> loops = kinds.stream().map(kind -> new WorkLoop(work, kind)).toList();
    return new LoopThreads(
        loops,
        Thread.ofVirtual().name("work-", 0),
        threads -> {
          for (int i = 0; i < threads.size(); i++) loops.get(i).end(threads.get(i));
        });
  }

  /**
   * Stops the loop. A claim in progress gets a moment to finish, because an interrupted claim would
   * block the work for the time of its lease; a database that does not answer is not waited for.
   */
  private void end(Thread loop) {
    stopping = true;
    news.send();
    Thread.ofVirtual()
        .start(
            () -> {
              try {
                if (!loop.join(MOMENT) && !draining) loop.interrupt();
              } catch (InterruptedException hurried) {
                loop.interrupt();
              }
            });
  }

  /** Runs once: a drained loop cannot take work again. */
  @Override
  public void run() {
    if (draining) return;
    try {
      while (!stopping) if (!startOne()) news.await(settings.poll());
    } catch (InterruptedException stopped) {
      // ends
    }
    draining = true;
    var _ = Thread.interrupted();
    try {
      drain();
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  /** Claims and starts one piece of work; returns whether there was one. */
  private boolean startOne() throws InterruptedException {
    free.acquire();
    Optional<WorkClaim> claim = stopping ? Optional.empty() : claim();
    if (claim.isEmpty()) {
      free.release();
      return false;
    }
    Thread.Builder builder =
        settings.computes() ? Thread.ofPlatform().daemon() : Thread.ofVirtual();
    Thread worker =
        builder
            .name(settings.kind() + " " + claim.get().subject())
            .unstarted(() -> run(claim.get()));
    underWay.put(claim.get(), worker);
    worker.start();
    return true;
  }

  private Optional<WorkClaim> claim() {
    try {
      Optional<WorkClaim> claim =
          work.claim(settings.kind(), settings.lease(), settings.retries(), full());
      away = false;
      return claim;
    } catch (RuntimeException outage) {
      warn(outage);
      return Optional.empty();
    }
  }

  /** Returns the departments that have reached their share of this server. */
  private List<String> full() {
    return underWay.keySet().stream()
        .collect(Collectors.groupingBy(WorkClaim::departmentId, Collectors.counting()))
        .entrySet()
        .stream()
        .filter(each -> each.getValue() >= settings.share())
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Logs a warning once per outage. */
  private void warn(RuntimeException outage) {
    if (!away && !stopping) {
      log.atWarn().setCause(outage).addKeyValue("kind", settings.kind()).log("work_unread");
    }
    away = true;
  }

  private void run(WorkClaim claim) {
    try (var _ = MDC.putCloseable("department", claim.departmentId());
        KeptClaim kept = new KeptClaim(work, claim, settings.lease())) {
      workAt(claim, kept);
    } catch (RuntimeException outage) {
      warn(outage); // the claim will expire
    } catch (InterruptedException hurried) {
      // the server stops
    } finally {
      underWay.remove(claim);
      free.release();
      news.send();
    }
  }

  private void workAt(WorkClaim claim, KeptClaim kept) {
    try {
      if (claim.attempts < settings.retries().most()) kind.work(claim);
      else giveUp(claim);
      if (!claim.ended) work.done(claim);
    } catch (Exception | OutOfMemoryError failure) {
      var _ = Thread.interrupted();
      if (kept.lost() || !claim.ended && !work.hold(claim)) {
        log.atDebug().addKeyValue("subject", claim.subject()).log("work_lost");
      } else if (stopping) work.release(claim);
      else failed(claim, failure);
    }
  }

  private void failed(WorkClaim claim, Throwable failure) {
    int failures = claim.attempts + 1;
    log.atWarn()
        .setCause(failure)
        .addKeyValue("kind", claim.kind)
        .addKeyValue("subject", claim.subject())
        .addKeyValue("failures", failures)
        .log("work_failed");
    if (failures < settings.retries().most()) {
      kind.failed(claim);
      work.failed(claim, settings.retries().after(failures));
    } else {
      giveUp(claim);
      if (!claim.ended) work.done(claim);
    }
  }

  private void giveUp(WorkClaim claim) {
    log.atError()
        .addKeyValue("kind", claim.kind)
        .addKeyValue("subject", claim.subject())
        .log("work_given_up");
    kind.gaveUp(claim);
  }

  /** Lets running work finish within its grace time, then interrupts it and gives it back. */
  private void drain() throws InterruptedException {
    if (ended(settings.grace())) return;
    underWay.values().forEach(Thread::interrupt);
    if (ended(GIVING_BACK)) return;
    log.atWarn().addKeyValue("kind", settings.kind()).log("work_under_way");
    List<Thread> back =
        underWay.keySet().stream()
            .map(claim -> Thread.ofVirtual().start(() -> giveBack(claim)))
            .toList();
    for (Thread each : back) each.join(MOMENT);
  }

  private void giveBack(WorkClaim claim) {
    try {
      work.release(claim);
    } catch (RuntimeException outage) {
      warn(outage);
    }
  }

  private boolean ended(Duration within) throws InterruptedException {
    return free.tryAcquire(settings.parallel(), within.toNanos(), TimeUnit.NANOSECONDS);
  }

  /**
   * Renews a claim periodically while a thread works under it, and interrupts the thread when the
   * claim is lost, for example because its subject was cancelled.
   */
  static final class KeptClaim implements AutoCloseable {
    private static final int RENEWALS = 6;

    private final LeasedWork work;
    private final WorkClaim claim;
    private final Duration lease;
    private final Thread worker = Thread.currentThread();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread keeper;
    private volatile boolean lost;

    /** Must be created and closed by the working thread. */
    KeptClaim(LeasedWork work, WorkClaim claim, Duration lease) {
      this.work = work;
      this.claim = claim;
      this.lease = lease;
      keeper = Thread.ofVirtual().name("claim " + claim.subject()).start(this::keep);
    }

    /** Returns whether the claim has been lost. */
    boolean lost() {
      return lost;
    }

    private void keep() {
      try {
        long held = System.nanoTime();
        while (!closed.await(lease.dividedBy(RENEWALS).toNanos(), TimeUnit.NANOSECONDS)) {
          long asked = System.nanoTime();
          boolean over = asked - held > lease.toNanos();
          boolean renewed = !over && renewed();
          if (claim.ended) return; // by the working thread
          if (renewed) held = asked;
          else if (over || lost) break;
        }
        if (closed.getCount() == 0) return;
        lost = true;
        worker.interrupt();
      } catch (InterruptedException hurried) {
        // closed while the database does not answer
      }
    }

    /**
     * Renews the claim; also returns false if the database does not answer, while the claim is
     * still valid.
     */
    private boolean renewed() {
      try {
        boolean renewed = work.renew(claim, lease);
        if (!renewed && !claim.ended) lost = true;
        return renewed;
      } catch (RuntimeException away) {
        return false;
      }
    }

    /**
     * Stops renewing. A renewal in progress gets a moment to finish, because interrupting it would
     * cost a connection.
     */
    @Override
    public void close() throws InterruptedException {
      closed.countDown();
      if (!keeper.join(Duration.ofSeconds(1))) keeper.interrupt();
      keeper.join();
    }
  }

  /** The loops of all kinds of work. */
  @Configuration(proxyBeanMethods = false)
  static class WorkConfiguration {
    @Bean
    LoopThreads workThreads(LeasedWork work, List<WorkKind> kinds) {
      return WorkLoop.threads(work, kinds);
    }
  }

  /** Reports the pending background work of each kind. */
  @Component
  static class WorkNumbers implements StoredNumbers {
    private static final Gauge PENDING =
        new Gauge("graft_work_pending", "Pending background work of servers", "kind");
    private static final Gauge OLDEST =
        new Gauge(
            "graft_work_oldest_age_seconds",
            "Time since the oldest pending work became due; 0 if none is due",
            "kind");

    private final JdbcClient sql;

    WorkNumbers(JdbcClient sql) {
      this.sql = sql;
    }

    @Override
    public List<Gauge> gauges() {
      return List.of(PENDING, OLDEST);
    }

    @Override
    public List<Reading> read() {
      return sql
          .sql(
              """
              -- numbers of work
              select kind, count(*) as pending,
                     greatest(extract(epoch from graft_now() - min(due_at)), 0) as oldest
                from leased_work group by kind
              """)
          .query(
              (row, n) ->
                  Stream.of(
                      PENDING.reading(row.getDouble("pending"), row.getString("kind")),
                      OLDEST.reading(row.getDouble("oldest"), row.getString("kind"))))
          .list()
          .stream()
          .flatMap(each -> each)
          .toList();
    }
  }
}
