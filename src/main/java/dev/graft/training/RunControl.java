package dev.graft.training;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a run has been asked for. Cancelling takes effect wherever it is polled; stopping between
 * steps, and wherever there is something that can be done again: see {@link #pollRepeatable}.
 */
final class RunControl {
  private final Supplier<@Nullable TrainerDirective> directives;
  private boolean checkpoint;
  private boolean stop;

  /** Ends the run from within; no failure. */
  public static final class Cancelled extends RuntimeException {
    Cancelled() {
      super(null, null, false, false);
    }
  }

  /** Leaves what can be done again by the run that goes on from here; no failure. */
  public static final class Stopped extends RuntimeException {
    Stopped() {
      super(null, null, false, false);
    }
  }

  /**
   * @param directives the next directive, or null when there is none; must not block
   */
  public RunControl(Supplier<@Nullable TrainerDirective> directives) {
    this.directives = directives;
  }

  /** Nobody asks for anything. */
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

  /** In what changes nothing of the run's state, such as reading rows or validation. */
  public void pollRepeatable() {
    poll();
    if (stop) throw new Stopped();
  }

  /** Whether a checkpoint was asked for since the last call. */
  public boolean takeCheckpoint() {
    boolean asked = checkpoint;
    checkpoint = false;
    return asked;
  }
}
