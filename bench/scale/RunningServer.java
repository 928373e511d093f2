import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.Driver;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** A server of its own with its PostgreSQL, started as a person does: {@code bin/graft serve}. */
final class RunningServer implements AutoCloseable {
  private static final Pattern RUNNING =
      Pattern.compile("Graft is running at (http://\\S+)/v1", Pattern.MULTILINE);
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s*(\\d+) kB");
  private static final Pattern NOW = Pattern.compile("VmRSS:\\s*(\\d+) kB");
  private static final long START_SECONDS = 300;

  private final Path root = root();
  private final Path work;
  private final String name;
  private final Process process;
  private final URI url;

  private RunningServer(Path work, String name, Process process) throws Exception {
    this.work = work;
    this.name = name;
    this.process = process;
    this.url = awaitUrl();
  }

  /**
   * @param heap as {@code -Xmx} takes it
   * @param settings lines of a properties file
   */
  static RunningServer start(String heap, String settings) throws Exception {
    return start(Files.createTempDirectory("graft-bench-"), "server", heap, settings);
  }

  /** Another one over the same database and artifacts. */
  RunningServer beside(String heap, String settings) throws Exception {
    Login login = login();
    return start(
        work,
        "second",
        heap,
        """
        spring.datasource.url=%s
        spring.datasource.username=%s
        spring.datasource.password=%s
        graft.artifacts.filesystem.directory=%s
        """
                .formatted(
                    login.url(), login.user(), login.password(), work.resolve("server/artifacts"))
            + settings);
  }

  private static RunningServer start(Path work, String name, String heap, String settings)
      throws Exception {
    Path config =
        Files.writeString(
            work.resolve(name + ".properties"), "server.address=127.0.0.1\n" + settings);
    ProcessBuilder builder =
        graft(
            root(),
            "serve",
            "--role",
            "server",
            "--port",
            "0",
            "--data-dir",
            work.resolve(name).toString(),
            "--config",
            config.toString());
    builder.environment().put("GRAFT_JAVA_OPTIONS", "-Xmx" + heap);
    Process process =
        builder
            .redirectErrorStream(true)
            .redirectOutput(work.resolve(name + ".log").toFile())
            .start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
    return new RunningServer(work, name, process);
  }

  private URI awaitUrl() throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (System.nanoTime() < end && process.isAlive()) {
      Matcher said = RUNNING.matcher(Files.readString(log()));
      if (said.find()) return URI.create(said.group(1));
      Thread.sleep(200);
    }
    throw new IOException("the server does not start; see " + log());
  }

  private Path log() {
    return work.resolve(name + ".log");
  }

  URI url() {
    return url;
  }

  Path work() {
    return work;
  }

  /** Runs a command beside the server; returns its standard output. */
  String command(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--data-dir", work.resolve("server").toString()));
    Process command =
        graft(root, all.toArray(String[]::new))
            .redirectError(work.resolve("commands.log").toFile())
            .start();
    String out = new String(command.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (command.waitFor() != 0)
      throw new IOException(arguments[0] + " failed; see " + work.resolve("commands.log"));
    return out.strip();
  }

  private static ProcessBuilder graft(Path root, String... arguments) {
    List<String> command = new ArrayList<>(List.of(root.resolve("bin/graft").toString()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command);
  }

  /** The server's PostgreSQL, by the driver that lies in the jar. */
  Connection database() throws Exception {
    Login login = login();
    Properties properties = new Properties();
    properties.put("user", login.user());
    properties.put("password", login.password());
    return driver().connect(login.url(), properties);
  }

  private record Login(String url, String user, String password) {}

  private Login login() throws IOException {
    Path postgres = work.resolve("server/postgres");
    List<String> postmaster = Files.readAllLines(postgres.resolve("cluster/postmaster.pid"));
    return new Login(
        "jdbc:postgresql://127.0.0.1:" + postmaster.get(3).strip() + "/postgres",
        "graft",
        Files.readString(postgres.resolve("password")).strip());
  }

  private Driver driver() throws Exception {
    Path jar = work.resolve("postgresql.jar");
    try (ZipFile graft = new ZipFile(root.resolve("target/graft.jar").toFile())) {
      ZipEntry entry =
          graft.stream()
              .filter(each -> each.getName().startsWith("BOOT-INF/lib/postgresql-"))
              .findFirst()
              .orElseThrow();
      Files.write(jar, graft.getInputStream(entry).readAllBytes());
    }
    URLClassLoader loader = new URLClassLoader(new URL[] {jar.toUri().toURL()});
    return (Driver)
        loader.loadClass("org.postgresql.Driver").getDeclaredConstructor().newInstance();
  }

  /** The most memory that the server's process has had, heap and all. */
  long peakMegabytes() throws IOException {
    return kilobytes(PEAK) / 1024;
  }

  /** What it has now. */
  long kilobytes() throws IOException {
    return kilobytes(NOW);
  }

  private long kilobytes(Pattern line) throws IOException {
    Matcher found = line.matcher(Files.readString(Path.of("/proc/" + process.pid() + "/status")));
    return found.find() ? Long.parseLong(found.group(1)) : -1;
  }

  /** Of this checkout: the directory above that of the programs. */
  static Path root() {
    Path here = Path.of("").toAbsolutePath();
    while (here != null && !Files.isExecutable(here.resolve("bin/graft"))) here = here.getParent();
    if (here == null) throw new IllegalStateException("run this in a checkout of Graft");
    return here;
  }

  @Override
  public void close() throws Exception {
    if (!process.isAlive()) {
      System.err.println("the server has ended by itself; see " + log());
      return;
    }
    process.destroy();
    process.waitFor(60, TimeUnit.SECONDS);
    if (!name.equals("server")) return; // the first one removes what is left
    Files.walkFileTree(
        work,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException e)
              throws IOException {
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
