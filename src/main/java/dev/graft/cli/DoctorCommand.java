package dev.graft.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says what this machine has and lacks for running Graft, each lack with its cure. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Say what this machine has and what it lacks; status 3 if something is missing.")
final class DoctorCommand implements Callable<Integer> {
  private static final long DISK_NEEDED = 2_000_000_000L;
  private static final long MEMORY_NEEDED = 3_000_000_000L;

  /**
   * @param cure null if all is well
   */
  private record Finding(String what, String found, @Nullable String cure) {}

  @Option(
      names = "--data-dir",
      defaultValue = "${sys:user.home}/.graft",
      description = "Directory to check (${DEFAULT-VALUE}).")
  private Path dataDir = Path.of(".graft");

  @Option(
      names = "--port",
      defaultValue = "8080",
      description = "Port to check (${DEFAULT-VALUE}).")
  private int port;

  @Spec private @Nullable CommandSpec command;

  @Override
  public Integer call() {
    List<Finding> findings = List.of(java(), platform(), memory(), directory(), port(), user());
    PrintWriter out = Objects.requireNonNull(command).commandLine().getOut();
    for (Finding finding : findings) {
      boolean well = finding.cure() == null;
      out.printf("%s  %-10s %s%n", well ? "ok  " : "LACK", finding.what(), finding.found());
      if (!well) out.printf("                 cure: %s%n", finding.cure());
    }
    out.flush();
    return findings.stream().allMatch(finding -> finding.cure() == null) ? 0 : 3;
  }

  private static Finding java() {
    String found = Runtime.version() + " in " + System.getProperty("java.home");
    return new Finding("java", found, null);
  }

  private static Finding platform() {
    String found = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    boolean known = found.toLowerCase(Locale.ROOT).equals("linux amd64");
    String cure = known ? null : "use the container image on a linux-x86_64 host";
    return new Finding("platform", found + ", " + processors(), cure);
  }

  private static String processors() {
    return Runtime.getRuntime().availableProcessors() + " processors";
  }

  private static Finding memory() {
    var system =
        (com.sun.management.OperatingSystemMXBean)
            java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    long bytes = system.getTotalMemorySize();
    String cure = bytes >= MEMORY_NEEDED ? null : "give it 3 GB or more; training takes more";
    return new Finding("memory", gigabytes(bytes), cure);
  }

  private Finding directory() {
    Path there = dataDir.toAbsolutePath();
    while (there.getParent() != null && !Files.exists(there)) there = there.getParent();
    if (!Files.isWritable(there)) {
      return new Finding("data-dir", there + " is not writable", "choose another with --data-dir");
    }
    try {
      long free = Files.getFileStore(there).getUsableSpace();
      String cure = free >= DISK_NEEDED ? null : "free some space, or choose another --data-dir";
      return new Finding("data-dir", dataDir + ", " + gigabytes(free) + " free", cure);
    } catch (IOException e) {
      return new Finding("data-dir", "cannot be read", "choose another with --data-dir");
    }
  }

  private Finding port() {
    try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return new Finding("port", socket.getLocalPort() + " is free", null);
    } catch (IOException e) {
      return new Finding("port", port + " is in use", "choose another with --port");
    }
  }

  private static Finding user() {
    boolean root = "root".equals(System.getProperty("user.name"));
    String found = System.getProperty("user.name");
    return new Finding(
        "user", root ? found + "; PostgreSQL then runs as another user" : found, null);
  }

  private static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
  }
}
