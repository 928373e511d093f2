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

/** {@code graft nemesis}: kills parts of a separate Graft at random moments. */
@Command(
    name = "nemesis",
    mixinStandardHelpOptions = true,
    description =
        "Start a separate Graft, kill or stop its workers, trainers, servers and PostgreSQL at"
            + " random moments, and check that nothing acknowledged is lost, every adapter has the"
            + " same bytes, and a stop costs at most one step.")
public final class NemesisCommand implements Callable<Integer> {
  @Spec CommandSpec spec = CommandSpec.create();

  @Option(names = "--seed", defaultValue = "1", description = "Random seed (1).")
  private long seed;

  @Option(names = "--minutes", defaultValue = "30", description = "Minutes of kills (30).")
  private int minutes;

  @Option(
      names = "--worker-kills",
      defaultValue = "20",
      description =
          "The number of kills, alternately of a job's worker and its trainer; every third and"
              + " fourth instead pauses the worker or cuts its network until another worker has the"
              + " job (20).")
  private int workerKills;

  @Option(
      names = "--server-kills",
      defaultValue = "10",
      description =
          "The number of kills, alternately of a server, PostgreSQL, PgBouncer and S3 (10).")
  private int serverKills;

  @Option(
      names = "--worker-stops",
      defaultValue = "0",
      description =
          "The number of stops of a worker by SIGTERM; each may repeat at most one step (0).")
  private int workerStops;

  @Option(
      names = "--step-seconds",
      defaultValue = "20",
      description = "Duration of a step of the job whose workers are stopped, in seconds (20).")
  private int stepSeconds;

  @Option(
      names = "--servers",
      defaultValue = "1",
      description = "The number of servers, which share one PostgreSQL and artifact store (1).")
  private int servers;

  @Option(names = "--workers", defaultValue = "2", description = "Workers, 2 or more (2).")
  private int workers;

  @Option(
      names = "--pgbouncer",
      description = "Several servers connect to PostgreSQL through PgBouncer in transaction mode.")
  private boolean pooled;

  @Option(
      names = "--s3",
      arity = "0..1",
      fallbackValue = "target/s3proxy/s3proxy.jar",
      paramLabel = "JAR",
      description =
          "Several servers store artifacts in S3, served by this jar of S3Proxy (by default the one"
              + " of mvn generate-test-resources).")
  private @Nullable Path s3proxy;

  @Option(
      names = "--unfenced",
      description =
          "Break the program first, so that statements about leases only check the job. The run"
              + " must then find violations.")
  private boolean unfenced;

  @Option(
      names = "--directory",
      paramLabel = "DIR",
      description = "An empty or new directory for data and logs (a temporary one).")
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
            new Cluster.Setup(servers, workers, pooled, s3proxy, !unfenced));
    return nemesis.run(work, spec.commandLine().getOut()) ? 0 : 1;
  }
}
