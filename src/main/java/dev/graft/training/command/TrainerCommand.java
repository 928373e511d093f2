package dev.graft.training.command;

import dev.graft.training.finetune.TrainerProgram;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** The child of a worker: see {@link dev.graft.training.protocol}. Not for people. */
@Command(name = "trainer", hidden = true, description = "Run one training; JSON lines in and out.")
public final class TrainerCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    PrintStream lines = System.out;
    // Whatever a library prints must not come between the lines.
    System.setOut(System.err);
    return new TrainerProgram(System.in, lines, () -> Runtime.getRuntime().halt(1)).run().status();
  }
}
