package dev.graft.worker.run;

import java.util.List;

/** How a trainer is started: see {@code ChildJvm}. */
public record TrainerCommandLine(List<String> command) {
  public TrainerCommandLine {
    command = List.copyOf(command);
  }
}
