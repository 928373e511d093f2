package dev.graft.worker;

import dev.graft.TestProgram;
import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.artifacts.Scratch;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.WorkerLink;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children;
import dev.graft.platform.Children.ChildrenProperties;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.Traces;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/**
 * A worker as a process of its own: the real parts, with {@link FakeTrainer} as the trainer. Spring
 * is left out for a fast start.
 */
public final class TestWorker {
  private static final long MUCH = 1L << 40;

  private TestWorker() {}

  public static void main(String[] arguments) throws Exception {
    WorkerProperties settings =
        settings(
            Path.of(arguments[0]), arguments[1], null, arguments[2], Long.parseLong(arguments[3]));
    URI server = URI.create(arguments[1]);
    LeaseProtocol protocol = join(settings, server);
    FileArtifactStore store = FileArtifactStore.open(settings.directory());
    LoopThreads worker =
        WorkerLoop.threads(
            List.of(loop(settings, protocol, store, confined(settings), Traces.NONE)));
    Runtime.getRuntime().addShutdownHook(new Thread(worker::stop));
    worker.start();
  }

  static WorkerLoop loop(WorkerProperties settings, LeaseProtocol protocol, FileArtifactStore store)
      throws IOException {
    return loop(settings, protocol, store, Children.AS_GRAFT, Traces.NONE);
  }

  static WorkerLoop loop(
      WorkerProperties settings, LeaseProtocol protocol, FileArtifactStore store, Traces traces)
      throws IOException {
    return loop(settings, protocol, store, Children.AS_GRAFT, traces);
  }

  private static WorkerLoop loop(
      WorkerProperties settings,
      LeaseProtocol protocol,
      FileArtifactStore store,
      Children children,
      Traces traces)
      throws IOException {
    BlobCache blobs = BlobCache.of(store, settings.copies(MUCH));
    Path jobs = Scratch.open(settings.directory().resolve("jobs")).directory();
    children.pass(jobs.getParent());
    children.pass(jobs);
    TrainerCommandLine trainer =
        new TrainerCommandLine(fakeTrainer().command(), Map.of(), children);
    return new WorkerLoop(
        new TrainerDevices.TrainerDevice(Device.UNKNOWN, trainer, TrainerDevices.DeviceMeter.NONE),
        protocol,
        new RunPreparation(blobs, protocol, jobs, jobs.resolveSibling("tokens"), 1),
        event -> {},
        settings,
        new StopTimes(settings.directory()),
        traces);
  }

  /** As a worker has it by default. */
  private static Children confined(WorkerProperties settings) {
    ChildrenProperties byDefault = new ChildrenProperties("65531", ChildrenProperties.Network.NONE);
    return new ChildConfinement(byDefault, settings.directory()).within(settings.directory());
  }

  /** The calls of a worker, with the credential that it has or gets for its token. */
  static HttpLeaseProtocol join(WorkerProperties settings, URI server) throws IOException {
    String credential = WorkerCredential.obtain(settings, server);
    return new HttpLeaseProtocol(
        new WorkerHttp(
            server, new WorkerCredential.RenewedCredential(settings, credential), settings),
        settings.callTimeout());
  }

  /** What a run needs beside its lease, with its files and copies in a directory. */
  static RunPreparation preparation(FileArtifactStore store, LeaseProtocol protocol, Path directory)
      throws IOException {
    BlobCache blobs = BlobCache.of(store, new BlobCache.Bounds(1 << 30, 0));
    Path jobs = directory.resolve("jobs");
    return new RunPreparation(blobs, protocol, jobs, directory.resolve("tokens"), null);
  }

  /** Runs a job that was claimed. */
  static void run(JobRun run, LeaseProtocol protocol, Path directory) throws Exception {
    try (FileArtifactStore store = FileArtifactStore.open(directory.resolve("worker-store"))) {
      run.run(preparation(store, protocol, directory));
    }
  }

  public static TrainerCommandLine fakeTrainer() {
    return new TrainerCommandLine(ChildJvm.of("64m", TestProgram.inJvm(FakeTrainer.class)));
  }

  /** A worker's way to a server, for what it does beside jobs. */
  public static WorkerLink link(Path directory, URI server, String token) throws IOException {
    WorkerProperties settings = settings(directory, server.toString(), token);
    return new WorkerHttp(server, WorkerCredential.obtain(settings, server), settings);
  }

  static WorkerProperties settings(Path directory, String server, String token) {
    return settings(directory, server, null, token);
  }

  static WorkerProperties settings(
      Path directory, String server, @Nullable Path authorities, String token) {
    return settings(directory, server, authorities, token, MUCH);
  }

  static WorkerProperties settings(
      Path directory, String server, @Nullable Path authorities, String token, long cacheSize) {
    return new WorkerProperties(
        directory,
        server,
        authorities,
        token,
        null,
        directory.getFileName().toString(),
        null,
        false,
        DataSize.ofBytes(cacheSize),
        DataSize.ofBytes(0),
        List.of("cpu"),
        null,
        1,
        "64m",
        Duration.ofMillis(50),
        Duration.ofMillis(200),
        Duration.ofSeconds(2),
        Duration.ofMillis(100),
        Duration.ofMillis(200));
  }

  /** What a worker's environment may hold, and a trainer's must not. */
  static final List<String> SECRETS =
      List.of("SPRING_DATASOURCE_PASSWORD", "AWS_SECRET_ACCESS_KEY", "GRAFT_API_KEY", "HF_TOKEN");

  static final String PLANTED = "planted-secret";

  /** Starts it in a process; the first start needs a join token. */
  static Process start(Path directory, String server, String token) throws IOException {
    return start(directory, server, token, MUCH);
  }

  /**
   * @param cacheSize bytes that its copies of blobs may take
   */
  static Process start(Path directory, String server, String token, long cacheSize)
      throws IOException {
    return start(directory, command(directory, server, token, cacheSize));
  }

  static List<String> command(Path directory, String server, String token) {
    return command(directory, server, token, MUCH);
  }

  private static List<String> command(Path directory, String server, String token, long cacheSize) {
    return TestProgram.of(
        TestWorker.class, "128m", directory.toString(), server, token, Long.toString(cacheSize));
  }

  static Process start(Path directory, List<String> command) throws IOException {
    Files.createDirectories(directory);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(directory.resolve("worker.log").toFile()));
    for (String name : SECRETS) builder.environment().put(name, PLANTED);
    return builder.start();
  }
}
