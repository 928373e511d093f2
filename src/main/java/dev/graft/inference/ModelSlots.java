package dev.graft.inference;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * The queue of a model. A department gets a part of the places, so that it cannot keep others out.
 * Guarded by its owner.
 */
final class ModelSlots {
  /** Weight of the newest answer in the mean duration. */
  private static final double NEWEST = 0.3;

  private static final Duration LONGEST = Duration.ofMinutes(2);

  private final int slots;
  private final int ofDepartment;
  private final Map<String, Integer> taken = new HashMap<>();
  private int all;

  /** Mean duration of one answer: the time in the queue divided by its length. */
  private double answerSeconds = 2;

  private long lastLeft = System.nanoTime();

  /**
   * @param waiting the maximum number of waiting chats, besides the one that is answered
   * @param ofDepartment the maximum number of chats of one department
   */
  ModelSlots(int waiting, int ofDepartment) {
    this.slots = waiting + 1;
    this.ofDepartment = ofDepartment;
  }

  /**
   * @throws Inferrer.NoCapacity if the queue is full, with the time after which to retry
   */
  void take(String department) {
    if (all >= slots) throw new Inferrer.NoCapacity("this model's queue is full", soon());
    int own = taken.getOrDefault(department, 0);
    if (own >= ofDepartment) {
      throw new Inferrer.NoCapacity(
          "your department has %d chats with this model".formatted(own), soon());
    }
    taken.merge(department, 1, Integer::sum);
    all++;
  }

  /**
   * @param nanos since {@link #take}
   */
  void leave(String department, long nanos) {
    answerSeconds += NEWEST * (nanos / 1e9 / all - answerSeconds);
    taken.merge(department, -1, (a, b) -> a + b == 0 ? null : a + b);
    all--;
    lastLeft = System.nanoTime();
  }

  int taken() {
    return all;
  }

  /** Returns the nanoseconds since the queue became empty; 0 if it is not. */
  long idle() {
    return all > 0 ? 0 : System.nanoTime() - lastLeft;
  }

  /** Returns when a place is likely to be free. */
  private Duration soon() {
    long seconds = Math.clamp(Math.round(answerSeconds), 1, LONGEST.toSeconds());
    return Duration.ofSeconds(seconds);
  }
}
