package dev.graft.inference.routing;

import dev.graft.inference.protocol.Ask;
import dev.graft.inference.serving.InferenceProperties;
import dev.graft.inference.serving.ModelSlots;
import dev.graft.inference.serving.NoCapacity;
import dev.graft.inference.serving.ServedModel;
import dev.graft.platform.Ids;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Chats that wait for a worker, and those that workers are answering. In the memory of this server:
 * a chat lives no longer than its request.
 */
public final class CallBoard {
  /** A worker that asked this long ago is counted out. */
  private static final Duration PRESENT = Duration.ofSeconds(30);

  /** A call this old goes to any worker, whatever it has in memory. */
  private static final Duration IMPATIENT = Duration.ofSeconds(2);

  private static final Duration LATER = Duration.ofSeconds(15);

  private final InferenceProperties settings;
  private final Ids ids;
  private final Deque<PlacedCall> waiting = new ArrayDeque<>();
  private final Map<String, PlacedCall> placed = new HashMap<>();
  private final Map<ServedModel.LoadedWeights, ModelSlots> slots = new HashMap<>();

  /** When each worker was last there, in nanoseconds. */
  private final Map<String, Long> workers = new HashMap<>();

  public CallBoard(InferenceProperties settings, Ids ids) {
    this.settings = settings;
    this.ids = ids;
  }

  /**
   * Puts a chat up.
   *
   * @throws NoCapacity if no worker answers chats, or this model's places are taken
   */
  synchronized PlacedCall place(String department, ServedModel model, Ask ask) {
    if (present() == 0) throw new NoCapacity("no worker answers chats at the moment", LATER);
    slots
        .computeIfAbsent(
            model.weights(),
            weights -> new ModelSlots(settings.maxWaiting(), settings.maxPerDepartment()))
        .take(department);
    PlacedCall call = new PlacedCall(department, InferenceCall.of(ids.next("call_"), model, ask));
    placed.put(call.call().id(), call);
    waiting.add(call);
    notifyAll();
    return call;
  }

  /** Takes a call down; a worker that is at it hears so with its next report. */
  synchronized void leave(PlacedCall call) {
    waiting.remove(call);
    placed.remove(call.call().id());
    ServedModel.LoadedWeights weights = call.call().served().weights();
    ModelSlots own = slots.get(weights);
    if (own == null) return;
    own.leave(call.department(), call.age());
    if (own.taken() == 0) slots.remove(weights);
  }

  /** The next call for a worker, waiting for one. */
  synchronized Optional<InferenceCall> take(String worker, InferenceCall.Wanted wanted)
      throws InterruptedException {
    long wait = Math.clamp(wanted.waitMs(), 0, InferenceCall.LONGEST_WAIT_MS);
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(wait);
    workers.put(worker, end);
    while (true) {
      PlacedCall next = next(wanted);
      if (next != null) {
        waiting.remove(next);
        next.taken(worker);
        workers.put(worker, System.nanoTime());
        return Optional.of(next.call());
      }
      long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      if (left <= 0) return Optional.empty();
      wait(left);
    }
  }

  /**
   * Has another worker take a call whose worker went away while it was asking: its request was
   * answered, but nobody read it.
   */
  synchronized void putBack(PlacedCall call) {
    if (!call.isUnconfirmed()) return;
    call.putBack();
    waiting.addFirst(call);
    notifyAll();
  }

  /**
   * The call that this worker is answering.
   *
   * @throws CallGone if nobody waits for it any more, or it is another's
   */
  synchronized PlacedCall held(String worker, String id) {
    workers.put(worker, System.nanoTime());
    PlacedCall call = placed.get(id);
    if (call == null || !call.isOf(worker)) throw new CallGone();
    return call;
  }

  /** Workers that would answer a chat. */
  synchronized int present() {
    long now = System.nanoTime();
    Iterator<Long> seen = workers.values().iterator();
    while (seen.hasNext()) {
      if (now - seen.next() > PRESENT.toNanos()) seen.remove();
    }
    return workers.size();
  }

  private @Nullable PlacedCall next(InferenceCall.Wanted wanted) {
    PlacedCall oldest = waiting.peek();
    if (oldest == null || oldest.age() > IMPATIENT.toNanos()) return oldest;
    return waiting.stream()
        .filter(each -> wanted.warm().contains(each.call().served().weights().name()))
        .findFirst()
        .orElse(oldest);
  }
}
