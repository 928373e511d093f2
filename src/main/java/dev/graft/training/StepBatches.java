package dev.graft.training;

import dev.graft.model.MicroBatch;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * The micro-batches of one step after the other. Those of the next are made on a thread of their
 * own while a step is computed; what fails there is thrown at the step that needs it.
 */
final class StepBatches implements AutoCloseable {
  private final BatchPlan plan;
  private final Rows rows;
  private final int multipleOf;
  private final ExecutorService maker =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("micro-batches").factory());
  private long ahead = -1;
  private @Nullable Future<Window> made;

  /**
   * Micro-batches of one optimiser step.
   *
   * @param rows of each, by their numbers
   */
  record Window(List<int[]> rows, List<MicroBatch> batches) {}

  /**
   * @param plan asked by the other thread only, from now on
   * @param multipleOf as {@link Rows#batch} takes it
   */
  StepBatches(BatchPlan plan, Rows rows, int multipleOf) {
    this.plan = plan;
    this.rows = rows;
    this.multipleOf = multipleOf;
  }

  /**
   * @param step from 0
   * @throws RuntimeException as reading the rows throws it
   */
  Window take(long step) {
    Future<Window> now = made;
    if (now == null || ahead != step) now = begin(step);
    Window window = await(now);
    ahead = step + 1;
    made = ahead < plan.totalSteps() ? begin(ahead) : null;
    return window;
  }

  private Future<Window> begin(long step) {
    return maker.submit(
        () -> {
          List<int[]> window = plan.window(step);
          return new Window(
              window, window.stream().map(each -> rows.batch(each, multipleOf)).toList());
        });
  }

  private static Window await(Future<Window> made) {
    try {
      return made.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) throw failure;
      if (e.getCause() instanceof Error error) throw error;
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while a micro-batch was made", e);
    }
  }

  @Override
  public void close() {
    maker.shutdownNow();
  }
}
