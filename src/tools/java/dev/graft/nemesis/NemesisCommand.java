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
        "Kill or stop workers, trainers, servers and PostgreSQL of a Graft of its own at random"
            + " moments, and check that nothing acknowledged is lost, every adapter ends with the"
            + " same bytes, and a stop costs at most one step.")
public final class NemesisCommand implements Callable<Integer> {
  @Spec CommandSpec spec = CommandSpec.create();

  @Option(names = "--seed", defaultValue = "1", description = "Of the moments (1).")
  private long seed;

  @Option(names = "--minutes", defaultValue = "30", description = "No kill after this long (30).")
  private int minutes;

  @Option(
      names = "--worker-kills",
      defaultValue = "20",
      description =
          "In turn of a job's worker or its trainer; every third and fourth pauses the worker or"
              + " cuts its network until another has the job (20).")
  private int workerKills;

  @Option(
      names = "--server-kills",
      defaultValue = "10",
      description = "In turn of a server, PostgreSQL, PgBouncer and S3 (10).")
  private int serverKills;

  @Option(
      names = "--worker-stops",
      defaultValue = "0",
      description = "Of a worker by SIGTERM; at most one step may be made again (0).")
  private int workerStops;

  @Option(
      names = "--step-seconds",
      defaultValue = "20",
      description = "A step of the job whose workers are stopped takes so long (20).")
  private int stepSeconds;

  @Option(
      names = "--servers",
      defaultValue = "1",
      description = "Over one PostgreSQL and one store of artifacts (1).")
  private int servers;

  @Option(names = "--workers", defaultValue = "2", description = "2 or more (2).")
  private int workers;

  @Option(
      names = "--pgbouncer",
      description = "Several servers reach PostgreSQL by PgBouncer in transaction mode.")
  private boolean pooled;

  @Option(
      names = "--s3",
      arity = "0..1",
      fallbackValue = "target/s3proxy/s3proxy.jar",
      paramLabel = "JAR",
      description =
          "Artifacts of several servers lie in S3, served by this jar of S3Proxy (the one that mvn"
              + " generate-test-resources brings).")
  private @Nullable Path s3proxy;

  @Option(
      names = "--unfenced",
      description =
          "Break the program first: statements about a lease ask for its job alone. Violations"
              + " must be found then.")
  private boolean unfenced;

  @Option(
      names = "--directory",
      paramLabel = "DIR",
      description = "Empty or new; data and logs go there (a temporary one).")
  private @Nullable Path directory;

  @Override
  public Integer call() throws IOException {
    if (minutes < 1 || stepSeconds < 1 || workerKills < 0 || serverKills < 0 || workerStops < 0) {
      throw new ParameterException(
          spec.commandLine(),
          "--minutes and --step-seconds must be 1 or more, kills and stops not negative");
    }
    if (servers < 1 || servers > 9 || workers < 2 || workers > 9) {
      throw new ParameterException(
          spec.commandLine(), "--servers must be 1 to 9, and --workers 2 to 9");
    }
    if (servers == 1 && (pooled || s3proxy != null)) {
      throw new ParameterException(
          spec.commandLine(),
          "--pgbouncer and --s3 need --servers 2 or more: one server brings its own PostgreSQL and"
              + " directory");
    }
    Path work =
        directory == null
            ? Files.createTempDirectory("graft-nemesis-")
            : Files.createDirectories(directory.toAbsolutePath());
    Nemesis nemesis =
        new Nemesis(
            seed,
            Duration.ofMinutes(minutes),
            workerKills,
            serverKills,
            workerStops,
            stepSeconds,
            new Setup(servers, workers, pooled, s3proxy, !unfenced));
    return nemesis.run(work, spec.commandLine().getOut()) ? 0 : 1;
  }
}
