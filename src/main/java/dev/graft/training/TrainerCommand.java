package dev.graft.training;

import java.io.PrintStream;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import sun.misc.Signal;

/** The child of a worker: see {@link dev.graft.training.protocol}. Not for people. */
@Command(name = "trainer", hidden = true, description = "Run one training; JSON lines in and out.")
public final class TrainerCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    PrintStream lines = System.out;
    // Whatever a library prints must not come between the lines.
    System.setOut(System.err);
    TrainerProgram program =
        new TrainerProgram(System.in, lines, () -> Runtime.getRuntime().halt(1));
    // systemd ends every process of a service at once: a checkpoint comes first here too.
    for (String signal : List.of("TERM", "INT", "HUP")) {
      Signal.handle(new Signal(signal), ignored -> program.stop());
    }
    return program.run().status();
  }
}
