package dev.graft.nemesis;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Kills a Graft of its own at random moments. */
@Command(
    name = "nemesis",
    mixinStandardHelpOptions = true,
    description =
        "Kill workers, trainers, server and PostgreSQL of a Graft of its own at random moments, and"
            + " check that nothing acknowledged is lost and every adapter ends with the same"
            + " bytes.")
public final class NemesisCommand implements Callable<Integer> {
  @Spec CommandSpec spec = CommandSpec.create();

  @Option(names = "--seed", defaultValue = "1", description = "Of the moments (1).")
  private long seed;

  @Option(names = "--minutes", defaultValue = "30", description = "No kill after this long (30).")
  private int minutes;

  @Option(names = "--worker-kills", defaultValue = "20", description = "Of worker or trainer (20).")
  private int workerKills;

  @Option(
      names = "--server-kills",
      defaultValue = "10",
      description = "Of server or PostgreSQL (10).")
  private int serverKills;

  @Option(
      names = "--directory",
      paramLabel = "DIR",
      description = "Empty or new; data and logs go there (a temporary one).")
  private @Nullable Path directory;

  @Override
  public Integer call() throws IOException {
    if (minutes < 1 || workerKills < 0 || serverKills < 0) {
      throw new ParameterException(
          spec.commandLine(), "--minutes must be 1 or more, kills not negative");
    }
    Path work =
        directory == null
            ? Files.createTempDirectory("graft-nemesis-")
            : Files.createDirectories(directory.toAbsolutePath());
    Nemesis nemesis = new Nemesis(seed, Duration.ofMinutes(minutes), workerKills, serverKills);
    return nemesis.run(work, spec.commandLine().getOut()) ? 0 : 1;
  }
}
