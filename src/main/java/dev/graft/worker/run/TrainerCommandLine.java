package dev.graft.worker.run;

import dev.graft.platform.process.ChildJvm;
import java.util.List;

/** How a trainer is started: see {@link ChildJvm}. */
public record TrainerCommandLine(List<String> command) {
  public TrainerCommandLine {
    command = List.copyOf(command);
  }

  public static TrainerCommandLine ofThisProgram(String heap) {
    return new TrainerCommandLine(ChildJvm.ofThisProgram(heap, "trainer"));
  }

  /** A JVM of this Java with these arguments. */
  public static TrainerCommandLine java(String heap, List<String> program) {
    return new TrainerCommandLine(ChildJvm.of(heap, program));
  }
}
