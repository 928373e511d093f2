package dev.graft.inference;

import dev.graft.inference.CallBoard.PlacedCall;
import dev.graft.inference.Inferrer.InferrerLost;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.platform.Ids;
import dev.graft.platform.database.Hints;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DataAccessException;

/**
 * The calls that this server waits for, and the workers that ask it for calls of any server. {@link
 * CallRows} records which worker has which call. A report to the server that waits for the call
 * does not go through the database.
 */
final class CallBoard {
  /** A call this old goes to any worker, whatever it has in memory. */
  private static final Duration IMPATIENT = Duration.ofSeconds(2);

  private static final Duration LATER = Duration.ofSeconds(15);

  private final InferenceProperties settings;
  private final Ids ids;
  private final CallRows rows;
  private final CallWatch watch;
  private final WorkerPresence workers;
  private final Map<ServedModel.LoadedWeights, ModelSlots> slots = new HashMap<>();

  CallBoard(InferenceProperties settings, Ids ids, CallRows rows, Hints hints) {
    this.settings = settings;
    this.ids = ids;
    this.rows = rows;
    this.watch = new CallWatch(ids.next("srv_"), rows, hints);
    this.workers = new WorkerPresence(rows);
  }

  /**
   * Places a call for workers.
   *
   * @throws Inferrer.NoCapacity if no worker answers chats, or the queue of the model is full
   */
  PlacedCall place(String department, ServedModel model, InferrerOrder.Ask ask) {
    takeSlot(department, model.weights());
    PlacedCall call = new PlacedCall(department, InferenceCall.of(ids.next("call_"), model, ask));
    boolean there = false;
    try {
      there = watch.place(call);
    } finally {
      if (!there) leaveSlot(call);
    }
    if (!there) throw new Inferrer.NoCapacity("no worker answers chats at the moment", LATER);
    return call;
  }

  private synchronized void takeSlot(String department, ServedModel.LoadedWeights weights) {
    slots
        .computeIfAbsent(
            weights, none -> new ModelSlots(settings.maxWaiting(), settings.maxPerDepartment()))
        .take(department);
  }

  private synchronized void leaveSlot(PlacedCall call) {
    ServedModel.LoadedWeights weights = call.call().served().weights();
    ModelSlots own = slots.get(weights);
    if (own == null) return;
    own.leave(call.department(), call.age());
    if (own.taken() == 0) slots.remove(weights);
  }

  /** Removes a call. A worker that answers it learns so from its next report. */
  void leave(PlacedCall call) {
    leaveSlot(call);
    watch.leave(call);
  }

  /** Waits for the next call for a worker, and claims it. */
  Optional<InferenceCall> take(String worker, InferenceCall.Wanted wanted)
      throws InterruptedException {
    long wait = Math.clamp(wanted.waitMs(), 0, InferenceCall.LONGEST_WAIT_MS);
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(wait);
    workers.seen(worker, Duration.ofMillis(wait));
    watch.asks();
    try {
      do {
        Optional<CallRows.Claimed> next =
            rows.claim(worker, ids.next("turn_"), wanted.warm(), IMPATIENT);
        next.ifPresent(claimed -> watch.taken(worker, claimed));
        if (next.isPresent()) return next.map(CallBoard::call);
      } while (watch.awaitCall(end - System.nanoTime()));
      return Optional.empty();
    } finally {
      watch.asked();
    }
  }

  /** Offers a call again whose worker disconnected before it read the answer to its request. */
  void putBack(PlacedCall call) {
    watch.putBack(call);
  }

  /**
   * Returns the call that this worker is answering.
   *
   * @throws CallGone if no server waits for it any more, or another worker has it
   */
  InferenceCall held(String worker, String turn) {
    return call(rows.held(worker, turn).orElseThrow(CallGone::new));
  }

  /**
   * Accepts the report of a worker on its call.
   *
   * @throws CallGone as {@link #held}
   */
  void report(String worker, String turn, InferenceCall.CallReport report) {
    workers.seen(worker, Duration.ZERO);
    watch.report(worker, turn, report);
  }

  private static InferenceCall call(CallRows.Claimed claimed) {
    return LeaseWire.read(claimed.body(), InferenceCall.class).as(claimed.claim());
  }

  /**
   * Polls the database for calls for the workers that ask here and for reports on the calls that
   * wait here. It polls only while there are such workers or calls: every {@link #POLL}, at once
   * after a hint, and more often while the pieces of an answer arrive.
   */
  static final class CallWatch implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(CallWatch.class);
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration OFTEN = Duration.ofMillis(20);
    private static final Duration COMING = Duration.ofMillis(500);
    private static final Duration KEEP = CallRows.KEPT.dividedBy(4);
    private static final Duration SWEEP = Duration.ofMinutes(1);
    private static final String CALLS = "calls";
    private static final String REPORTS = "reports";

    /** The claim of a worker on a call. */
    private record Turn(String worker, PlacedCall call) {}

    private final String server;
    private final CallRows rows;
    private final Hints hints;

    /** The calls that wait here, by id; {@link #turns} has them by claim. */
    private final Map<String, PlacedCall> placed = new ConcurrentHashMap<>();

    private final Map<String, Turn> turns = new ConcurrentHashMap<>();

    /** One permit for each call that a worker may find. */
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

    /** Returns false if no worker answers calls. */
    boolean place(PlacedCall call) {
      InferenceCall asked = call.call();
      String weights = asked.served().weights().name();
      // registered before it can be claimed: a report on an unknown call would be lost
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

    /** Wakes a worker that waits here; if there is none, hints to all servers. */
    private void offer() {
      if (calls.hasQueuedThreads()) {
        calls.release();
        return;
      }
      news.release();
      hints.tell(CALLS);
    }

    /**
     * Removes the call even if the thread is interrupted, so that the worker stops answering it.
     */
    void leave(PlacedCall call) {
      String id = call.call().id();
      placed.remove(id);
      turns.values().removeIf(turn -> turn.call() == call);
      boolean interrupted = Thread.interrupted();
      try {
        rows.remove(id);
      } catch (DataAccessException away) {
        // the row expires, since this server no longer renews it
        log.atDebug()
            .addKeyValue("call", id)
            .addKeyValue("cause", away.getMessage())
            .log("call_not_removed");
      } finally {
        if (interrupted) Thread.currentThread().interrupt();
      }
    }

    /** Counts a worker that waits for a call, until {@link #asked}. */
    void asks() {
      asking.incrementAndGet();
      watch();
    }

    void asked() {
      asking.decrementAndGet();
    }

    /** Waits for a call; returns false on timeout. */
    boolean awaitCall(long nanos) throws InterruptedException {
      return nanos > 0 && calls.tryAcquire(nanos, TimeUnit.NANOSECONDS);
    }

    /** Records that a worker has claimed a call, if the call waits here. */
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
      collect(); // earlier reports that other servers received
      if (!call.report(turn, report)) call.lost("a part of its answer is missing");
    }

    /** Returns the call if it waits here. A claim made at another server is looked up first. */
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

    /** Returns whether the thread may end: no worker asks and no call waits. */
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

    /** Delivers stored reports; returns whether there were any. One thread collects at a time. */
    private boolean collect() {
      synchronized (collecting) {
        List<PlacedCall> standing =
            placed.values().stream().filter(PlacedCall::isStanding).toList();
        Map<String, CallRows.Standing> found = rows.collect(server);
        placed.forEach((id, call) -> deliver(call, found.get(id), standing.contains(call)));
        return found.values().stream().anyMatch(each -> !each.reports().isEmpty());
      }
    }

    /**
     * @param stood whether its row was committed before the query
     */
    private void deliver(PlacedCall call, CallRows.@Nullable Standing found, boolean stood) {
      if (found == null) {
        if (stood && !call.isTaken()) call.lost("PostgreSQL has lost the call");
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

  /** A call on the {@link CallBoard}, with its claim and the replies that have arrived. */
  static final class PlacedCall {
    /** An event for the thread that waits for the answer. */
    sealed interface Heard {
      record Replied(Reply reply) implements Heard {}

      record Lost(String why) implements Heard {}
    }

    private final String department;
    private final InferenceCall call;

    /** Null before a worker claims the call, and after {@link #putBack}. */
    private @Nullable String claim;

    private final long placed = System.nanoTime();
    private final LinkedBlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
    private volatile boolean standing;
    private long lastReport;
    private boolean confirmed;
    private long replies;

    PlacedCall(String department, InferenceCall call) {
      this.department = department;
      this.call = call;
    }

    String department() {
      return department;
    }

    InferenceCall call() {
      return call;
    }

    /** Records that the row is committed. */
    void stands() {
      standing = true;
    }

    boolean isStanding() {
      return standing;
    }

    /** Returns null on timeout. */
    @Nullable Heard next(long nanos) throws InterruptedException {
      return heard.poll(nanos, TimeUnit.NANOSECONDS);
    }

    /** Records the claim of a worker; a known claim changes nothing. */
    synchronized void taken(String by) {
      if (by.equals(claim)) return;
      claim = by;
      confirmed = false;
      replies = 0;
      lastReport = System.nanoTime();
    }

    /** Returns the claim while its worker has not reported yet, else null. */
    synchronized @Nullable String unconfirmed() {
      return confirmed ? null : claim;
    }

    synchronized void putBack() {
      claim = null;
    }

    synchronized boolean isTaken() {
      return claim != null;
    }

    /** Returns the nanoseconds since it was placed. */
    long age() {
      return System.nanoTime() - placed;
    }

    /** Returns the nanoseconds since the last report of its worker. */
    synchronized long silence() {
      return System.nanoTime() - lastReport;
    }

    /**
     * Accepts the new replies of a report.
     *
     * @return false if earlier replies are missing; then none is accepted
     */
    synchronized boolean report(String by, InferenceCall.CallReport report) {
      if (!by.equals(claim)) return true; // of an earlier claim
      lastReport = System.nanoTime();
      confirmed = true;
      if (report.first() > replies) return false;
      List<Reply> sent = report.replies();
      for (int i = (int) Math.min(replies - report.first(), sent.size()); i < sent.size(); i++) {
        heard.add(new Heard.Replied(sent.get(i)));
        replies++;
      }
      String lost = report.lost();
      if (lost != null) heard.add(new Heard.Lost(lost));
      return true;
    }

    /** Ends the call without an answer. */
    void lost(String why) {
      heard.add(new Heard.Lost(why));
    }
  }

  /** Records for all servers which workers ask here, at most every {@link #WRITTEN} per worker. */
  static final class WorkerPresence {
    private static final Logger log = LoggerFactory.getLogger(WorkerPresence.class);

    /** A worker counts as present for this long after it asked. */
    private static final Duration PRESENT = Duration.ofSeconds(30);

    private static final Duration WRITTEN = Duration.ofSeconds(10);

    private final CallRows rows;

    /** When the presence of each worker was last written, in nanoseconds. */
    private final Map<String, Long> workers = new ConcurrentHashMap<>();

    WorkerPresence(CallRows rows) {
      this.rows = rows;
    }

    /**
     * @param waits how long the worker is going to wait here
     */
    void seen(String worker, Duration waits) {
      long now = System.nanoTime();
      Long before = workers.get(worker);
      if (before != null && now - before < WRITTEN.toNanos()) return;
      workers.values().removeIf(seen -> now - seen > PRESENT.toNanos());
      try {
        rows.present(worker, PRESENT.plus(waits));
        workers.put(worker, now);
      } catch (DataAccessException away) {
        log.atDebug().addKeyValue("cause", away.getMessage()).log("presence_not_written");
      }
    }
  }

  /**
   * No server waits for this call: it was answered, cancelled or given up, or is another worker's.
   */
  static final class CallGone extends RuntimeException {
    CallGone() {
      super("no server waits for this call");
    }
  }

  /**
   * Lets workers answer. They ask for calls as they ask for jobs, and their replies are relayed to
   * the request that waits.
   */
  static final class RoutedInferrer implements Inferrer {
    /** A worker reports at least every {@link CallLoop#HEARTBEAT}. */
    private static final Duration SILENCE = CallLoop.HEARTBEAT.multipliedBy(10);

    /** A worker confirms a call at once; after this time it is offered again. */
    private static final Duration CONFIRMED = Duration.ofSeconds(3);

    private static final Duration SOON = Duration.ofSeconds(5);
    private static final long LOOK_EVERY = TimeUnit.SECONDS.toNanos(1);

    private final CallBoard board;
    private final InferenceProperties settings;

    RoutedInferrer(CallBoard board, InferenceProperties settings) {
      this.board = board;
      this.settings = settings;
    }

    @Override
    public Reply answer(
        String department, ServedModel model, InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces)
        throws InterruptedException, InferrerLost {
      PlacedCall call = board.place(department, model, ask);
      try {
        return answer(call, pieces);
      } finally {
        board.leave(call);
      }
    }

    private Reply answer(PlacedCall call, Consumer<Reply.Piece> pieces)
        throws InterruptedException, InferrerLost {
      while (true) {
        switch (call.next(LOOK_EVERY)) {
          case null -> requireHope(call);
          case PlacedCall.Heard.Lost(String why) ->
              throw new InferrerLost("the worker reported: " + why);
          case PlacedCall.Heard.Replied(Reply.Piece piece) -> pieces.accept(piece);
          case PlacedCall.Heard.Replied(Reply last) -> {
            return last;
          }
        }
      }
    }

    private void requireHope(PlacedCall call) throws InferrerLost {
      if (!call.isTaken() && call.age() > settings.workerWait().toNanos()) {
        throw new Inferrer.NoCapacity(
            "no worker was free in " + settings.workerWait().toSeconds() + " s", SOON);
      }
      if (call.unconfirmed() != null && call.silence() > CONFIRMED.toNanos()) board.putBack(call);
      if (call.isTaken() && call.silence() > SILENCE.toNanos()) {
        throw new InferrerLost("its worker stopped reporting");
      }
    }
  }
}
