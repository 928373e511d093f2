package dev.graft.inference;

import dev.graft.jobs.lease.LeaseWire;
import dev.graft.platform.database.Hints;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/**
 * Looks for what other servers have for this one: calls for the workers that ask here, and reports
 * on the calls that wait here. It looks while there is someone to look for, every {@link #POLL}, at
 * once after a hint, and often while something comes: the pieces of an answer follow each other.
 */
final class CallWatch implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(CallWatch.class);
  private static final Duration POLL = Duration.ofMillis(250);
  private static final Duration OFTEN = Duration.ofMillis(20);
  private static final Duration COMING = Duration.ofMillis(500);
  private static final Duration KEEP = CallRows.KEPT.dividedBy(4);
  private static final Duration SWEEP = Duration.ofMinutes(1);
  private static final String CALLS = "calls";
  private static final String REPORTS = "reports";

  /** What a worker has of a call. */
  private record Turn(String worker, PlacedCall call) {}

  private final String server;
  private final CallRows rows;
  private final Hints hints;

  /** What waits here, by the call's id, and by the turn that a worker has at it. */
  private final Map<String, PlacedCall> placed = new ConcurrentHashMap<>();

  private final Map<String, Turn> turns = new ConcurrentHashMap<>();

  /** One for each call that a worker may find. */
  private final Semaphore calls = new Semaphore(0, true);

  private final AtomicInteger asking = new AtomicInteger();
  private final Semaphore news = new Semaphore(0);
  private final Object collecting = new Object();
  private boolean watching;
  private long lastNews = System.nanoTime() - COMING.toNanos();
  private long kept = System.nanoTime();
  private long swept = System.nanoTime() - SWEEP.toNanos();
  private boolean failing;

  CallWatch(String server, CallRows rows, Hints hints) {
    this.server = server;
    this.rows = rows;
    this.hints = hints;
    hints.on(CALLS, news::release);
    hints.on(REPORTS, news::release);
  }

  /** False if no worker answers calls. */
  boolean place(PlacedCall call) {
    InferenceCall asked = call.call();
    String weights = asked.served().weights().name();
    // Known before it can be claimed: a report on what is not known would be lost.
    placed.put(asked.id(), call);
    boolean stands = false;
    try {
      stands = rows.place(server, asked.id(), weights, LeaseWire.write(asked));
    } finally {
      if (!stands) placed.remove(asked.id());
    }
    if (!stands) return false;
    call.stands();
    offer();
    watch();
    return true;
  }

  /** To a worker that waits here, else to other servers', and to one that just comes to wait. */
  private void offer() {
    if (calls.hasQueuedThreads()) {
      calls.release();
      return;
    }
    news.release();
    hints.tell(CALLS);
  }

  /** Also when interrupted: a worker would go on with what nobody waits for. */
  void leave(PlacedCall call) {
    String id = call.call().id();
    placed.remove(id);
    turns.values().removeIf(turn -> turn.call() == call);
    boolean interrupted = Thread.interrupted();
    try {
      rows.remove(id);
    } catch (DataAccessException away) {
      // Nobody keeps it any more, so it goes by itself.
      log.atDebug()
          .addKeyValue("call", id)
          .addKeyValue("cause", away.getMessage())
          .log("call_not_removed");
    } finally {
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  /** A worker begins to ask for a call, and {@link #asked} when it has one or waits no longer. */
  void asks() {
    asking.incrementAndGet();
    watch();
  }

  void asked() {
    asking.decrementAndGet();
  }

  /** Waits for a call; false at the end of the time. */
  boolean awaitCall(long nanos) throws InterruptedException {
    return nanos > 0 && calls.tryAcquire(nanos, TimeUnit.NANOSECONDS);
  }

  /** A worker has claimed a call, which may wait here. */
  void taken(String worker, CallRows.Claimed claimed) {
    PlacedCall call = placed.get(claimed.id());
    if (call != null) taken(call, claimed.claim(), worker);
  }

  private void taken(PlacedCall call, String turn, String worker) {
    call.taken(turn);
    turns.put(turn, new Turn(worker, call));
    if (!placed.containsKey(call.call().id())) turns.remove(turn); // it has left meanwhile
  }

  void putBack(PlacedCall call) {
    synchronized (collecting) {
      String turn = call.unconfirmed();
      if (turn == null || !rows.putBack(call.call().id(), turn)) return;
      call.putBack();
      turns.remove(turn);
    }
    offer();
  }

  void report(String worker, String turn, InferenceCall.CallReport report) {
    Optional<PlacedCall> here = waitingHere(worker, turn);
    if (here.isEmpty()) {
      if (!rows.report(worker, turn, LeaseWire.write(report))) throw new CallGone();
      hints.tell(REPORTS);
      return;
    }
    PlacedCall call = here.get();
    if (call.report(turn, report)) return;
    collect(); // what was reported to other servers before
    if (!call.report(turn, report)) call.lost("a part of its answer is missing");
  }

  /** A turn that began at another server is not known here at first. */
  private Optional<PlacedCall> waitingHere(String worker, String turn) {
    Turn known = turns.get(turn);
    if (known == null) {
      CallRows.Claimed claimed = rows.held(worker, turn).orElseThrow(CallGone::new);
      if (!claimed.server().equals(server)) return Optional.empty();
      taken(worker, claimed);
      known = turns.get(turn);
    }
    if (known == null || !known.worker().equals(worker)) throw new CallGone();
    return Optional.of(known.call());
  }

  private synchronized void watch() {
    if (watching) return;
    watching = true;
    Thread.ofVirtual().name("calls-watch").start(this);
  }

  /** False while there is someone to look for; else the thread ends. */
  private synchronized boolean done() {
    watching = asking.get() > 0 || !placed.isEmpty();
    return !watching;
  }

  @Override
  public void run() {
    try {
      while (!done()) {
        boolean coming = System.nanoTime() - lastNews < COMING.toNanos();
        var _ = news.tryAcquire((coming ? OFTEN : POLL).toNanos(), TimeUnit.NANOSECONDS);
        news.drainPermits();
        look();
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private void look() {
    try {
      if (asking.get() > 0) wake(rows.waiting());
      if (!placed.isEmpty() && collect()) lastNews = System.nanoTime();
      long now = System.nanoTime();
      if (now - kept > KEEP.toNanos()) {
        rows.keep(placed.keySet());
        kept = now;
      }
      if (now - swept > SWEEP.toNanos()) {
        rows.sweep();
        swept = now;
      }
      failing = false;
    } catch (DataAccessException away) {
      if (!failing) {
        log.atWarn().addKeyValue("cause", away.getMessage()).log("calls_unread");
      }
      failing = true;
    }
  }

  private void wake(int waiting) {
    int more = waiting - calls.availablePermits();
    if (more <= 0) return;
    calls.release(more);
    lastNews = System.nanoTime();
  }

  /** Whether anything was reported. One at a time: whoever waits for this finds all of it told. */
  private boolean collect() {
    synchronized (collecting) {
      List<PlacedCall> standing = placed.values().stream().filter(PlacedCall::isStanding).toList();
      Map<String, CallRows.Standing> found = rows.collect(server);
      placed.forEach((id, call) -> tell(call, found.get(id), standing.contains(call)));
      return found.values().stream().anyMatch(each -> !each.reports().isEmpty());
    }
  }

  /**
   * @param stood whether its row was there before
   */
  private void tell(PlacedCall call, CallRows.@Nullable Standing found, boolean stood) {
    if (found == null) {
      if (stood && !call.isTaken()) call.lost("PostgreSQL has lost it");
      return;
    }
    String turn = found.claim();
    String worker = found.worker();
    if (turn == null || worker == null) return;
    taken(call, turn, worker);
    for (byte[] report : found.reports()) {
      if (!call.report(turn, LeaseWire.read(report, InferenceCall.CallReport.class))) {
        call.lost("a part of its answer is missing");
      }
    }
  }
}
