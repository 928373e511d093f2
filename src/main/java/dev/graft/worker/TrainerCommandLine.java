package dev.graft.worker;

import dev.graft.platform.ChildJvm;
import java.util.List;

/** How a trainer is started: see {@link ChildJvm}. */
record TrainerCommandLine(List<String> command) {
  TrainerCommandLine {
    command = List.copyOf(command);
  }

  static TrainerCommandLine ofThisProgram(String heap) {
    return new TrainerCommandLine(ChildJvm.ofThisProgram(heap, "trainer"));
  }

  /** A JVM of this Java with these arguments. */
  static TrainerCommandLine java(String heap, List<String> program) {
    return new TrainerCommandLine(ChildJvm.of(heap, program));
  }
}
