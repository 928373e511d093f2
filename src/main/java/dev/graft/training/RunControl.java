package dev.graft.training;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The directives that a run has received. Cancelling takes effect at each poll; stopping takes
 * effect between steps and during work that can be repeated: see {@link #pollRepeatable}.
 */
final class RunControl {
  private final Supplier<@Nullable TrainerDirective> directives;
  private boolean checkpoint;
  private boolean stop;

  /** Thrown to cancel the run; not a failure. */
  public static final class Cancelled extends RuntimeException {
    Cancelled() {
      super(null, null, false, false);
    }
  }

  /** Thrown to stop during work that the resumed run repeats; not a failure. */
  public static final class Stopped extends RuntimeException {
    Stopped() {
      super(null, null, false, false);
    }
  }

  /**
   * @param directives returns the next directive, or null if there is none; must not block
   */
  public RunControl(Supplier<@Nullable TrainerDirective> directives) {
    this.directives = directives;
  }

  /** Returns a control without directives. */
  public static RunControl none() {
    return new RunControl(() -> null);
  }

  public void poll() {
    for (TrainerDirective next = directives.get(); next != null; next = directives.get()) {
      switch (next) {
        case CHECKPOINT -> checkpoint = true;
        case STOP_AFTER_CHECKPOINT -> stop = true;
        case CANCEL -> throw new Cancelled();
      }
    }
  }

  /** Polls during work that does not change the run's state, such as reading rows or validation. */
  public void pollRepeatable() {
    poll();
    if (stop) throw new Stopped();
  }

  /** Returns whether a checkpoint was requested since the last call. */
  public boolean takeCheckpoint() {
    boolean asked = checkpoint;
    checkpoint = false;
    return asked;
  }
}
