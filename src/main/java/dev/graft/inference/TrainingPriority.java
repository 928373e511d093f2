package dev.graft.inference;

import dev.graft.jobs.lease.Training;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.event.EventListener;

/**
 * Training has a worker's machine first: while it trains, no calls are taken and no base model
 * stays in memory. An answer in the making gets a moment to end.
 */
public final class TrainingPriority {
  private static final Logger log = LoggerFactory.getLogger(TrainingPriority.class);
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final WarmModels models;
  private final boolean beside;
  private int trainings;
  private int answers;

  /**
   * @param beside whether there is room for both
   */
  public TrainingPriority(WarmModels models, boolean beside) {
    this.models = models;
    this.beside = beside;
  }

  /** Returns, to the thread that is about to train, when there is room. */
  @EventListener
  public synchronized void on(Training event) {
    if (beside) return;
    switch (event) {
      case Training.Begins begins -> {
        trainings++;
        try {
          awaitAnswers();
        } catch (InterruptedException stopping) {
          Thread.currentThread().interrupt();
        }
        models.unload();
        log.atInfo().addKeyValue("device", begins.device()).log("chats_made_room");
      }
      case Training.Ended ended -> {
        trainings--;
        notifyAll();
      }
    }
  }

  private void awaitAnswers() throws InterruptedException {
    long end = System.nanoTime() + GRACE.toNanos();
    for (long left = GRACE.toMillis(); answers > 0 && left > 0; ) {
      wait(left);
      left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
    }
  }

  synchronized void awaitFree() throws InterruptedException {
    while (trainings > 0) wait();
  }

  synchronized void enter() {
    answers++;
  }

  synchronized void leave() {
    answers--;
    notifyAll();
  }
}
