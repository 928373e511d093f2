package dev.graft.worker;

import dev.graft.training.TrainingEvent;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How long a run may take to stop, by what its steps and checkpoints have taken so far. */
final class StopTime {
  private final StopTimes longest;
  private long last;
  private long step;
  private long checkpoint;
  private long writing;
  private boolean finishing;

  /**
   * @param longest hears of every step and checkpoint
   */
  StopTime(StopTimes longest) {
    this.longest = longest;
  }

  /**
   * @param now {@link System#nanoTime}
   */
  synchronized void heard(TrainingEvent event, long now) {
    if (event instanceof TrainingEvent.Progress made) {
      step = Math.max(step, now - last);
      longest.step(Duration.ofNanos(now - last));
      finishing = made.step() == made.totalSteps();
    }
    if (event instanceof TrainingEvent.Checkpoint) writing = now - last;
    last = now;
  }

  /** The checkpoint that was heard of last is sent, or cannot be. */
  synchronized void sent(long now) {
    long took = writing + now - last;
    checkpoint = Math.max(checkpoint, took);
    longest.checkpoint(Duration.ofNanos(took));
    last = now;
  }

  /**
   * How long a trainer is given to end by itself: a few steps and checkpoints. Null after the last
   * step: then the result is written, which nothing else has measured.
   */
  synchronized @Nullable Duration limit(Duration atLeast) {
    if (finishing) return null;
    return StopTimes.limit(atLeast, Duration.ofNanos(step), Duration.ofNanos(checkpoint));
  }
}
