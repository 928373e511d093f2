package dev.graft.cli.doctor;

import dev.graft.artifacts.FileArtifactStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What killed processes left in the data directory. The next start removes it. */
record Leftovers(Path directory) implements Check {
  private static final List<String> UNFINISHED =
      List.of("postgres/programs.new", "postgres/cluster.new", "postgres/password.new");

  @Override
  public String name() {
    return "leftovers";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    long unfinished = UNFINISHED.stream().map(directory::resolve).filter(Files::exists).count();
    int abandoned =
        FileArtifactStore.abandoned(directory.resolve("artifacts"))
            + FileArtifactStore.abandoned(directory.resolve("worker"));
    String found =
        unfinished + abandoned == 0
            ? "none"
            : "set-ups of PostgreSQL: %d, temporary files of processes: %d; the next start removes them"
                .formatted(unfinished, abandoned);
    return List.of(CheckResult.ok(name(), found));
  }
}
