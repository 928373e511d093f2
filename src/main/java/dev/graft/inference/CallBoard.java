package dev.graft.inference;

import dev.graft.jobs.lease.LeaseWire;
import dev.graft.platform.Ids;
import dev.graft.platform.database.Hints;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Chats that this server waits for, and workers that ask it for chats, be they its own or another
 * server's. {@link CallRows} say who has which; what a worker reports to the server that waits does
 * not go through them.
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

  public CallBoard(InferenceProperties settings, Ids ids, CallRows rows, Hints hints) {
    this.settings = settings;
    this.ids = ids;
    this.rows = rows;
    this.watch = new CallWatch(ids.next("srv_"), rows, hints);
    this.workers = new WorkerPresence(rows);
  }

  /**
   * Puts a chat up.
   *
   * @throws NoCapacity if no worker answers chats, or this model's places are taken
   */
  PlacedCall place(String department, ServedModel model, Ask ask) {
    takeSlot(department, model.weights());
    PlacedCall call = new PlacedCall(department, InferenceCall.of(ids.next("call_"), model, ask));
    boolean there = false;
    try {
      there = watch.place(call);
    } finally {
      if (!there) leaveSlot(call);
    }
    if (!there) throw new NoCapacity("no worker answers chats at the moment", LATER);
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

  /** Takes a call down; a worker that is at it hears so with its next report. */
  void leave(PlacedCall call) {
    leaveSlot(call);
    watch.leave(call);
  }

  /** The next call for a worker, waiting for one. */
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

  /**
   * Has another worker take a call whose worker went away while it was asking: its request was
   * answered, but nobody read it.
   */
  void putBack(PlacedCall call) {
    watch.putBack(call);
  }

  /**
   * The call that this worker is answering.
   *
   * @throws CallGone if nobody waits for it any more, or it is another's
   */
  InferenceCall held(String worker, String turn) {
    return call(rows.held(worker, turn).orElseThrow(CallGone::new));
  }

  /**
   * Takes in what a worker says of its call.
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
}
