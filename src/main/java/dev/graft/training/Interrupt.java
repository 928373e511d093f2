package dev.graft.training;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Ctrl-C and SIGTERM while a run is in the foreground: the first asks for a checkpoint and the end,
 * the second ends the program at once.
 */
final class Interrupt implements AutoCloseable {
  /** Shells tell that a signal ended a program by this and its number. */
  private static final int BY_SIGNAL = 128;

  private final PrintStream out;
  private final List<Runnable> before = new ArrayList<>();
  private volatile int signal;
  private boolean told;

  Interrupt(PrintStream out) {
    this.out = out;
    for (String name : List.of("INT", "TERM")) {
      Signal each = new Signal(name);
      SignalHandler handler = Signal.handle(each, this::heard);
      before.add(() -> Signal.handle(each, handler));
    }
  }

  private void heard(Signal each) {
    if (signal != 0) Runtime.getRuntime().halt(BY_SIGNAL + each.getNumber());
    signal = each.getNumber();
    out.println("stopping after this step, with a checkpoint; once more to stop at once");
  }

  /** What the run is to do, once; null = to go on. */
  @Nullable TrainerDirective directive() {
    if (signal == 0 || told) return null;
    told = true;
    return TrainerDirective.STOP_AFTER_CHECKPOINT;
  }

  /** Of a program that the signal has ended. */
  int status() {
    return BY_SIGNAL + signal;
  }

  @Override
  public void close() {
    before.forEach(Runnable::run);
  }
}
