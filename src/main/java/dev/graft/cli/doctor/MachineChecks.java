package dev.graft.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaDevice.ComputeCapability;
import dev.graft.kernels.CudaDevice.CudaLack;
import dev.graft.kernels.CudaLibrary;
import dev.graft.kernels.CudaMachine;
import dev.graft.platform.Bytes;
import dev.graft.platform.ChildConfinement;
import dev.graft.platform.ChildConfinement.FoundConfinement;
import dev.graft.platform.ChildProcess;
import dev.graft.platform.Children.ChildrenProperties;
import dev.graft.platform.FileTrees;
import dev.graft.worker.StopTimes.WorkerStop;
import dev.graft.worker.TrainerDevices.MachineMemory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The checks of the machine: processor, memory, Java, libtorch, GPUs and the limits of processes.
 */
final class MachineChecks {
  private MachineChecks() {}

  /**
   * Reports the number of processors and their vector instructions.
   *
   * @param cpuinfo the kernel's {@code /proc/cpuinfo}
   */
  record Processor(Path cpuinfo) implements Check {
    /** Without AVX2 libtorch is many times slower. */
    private static final String VECTORS = "avx2";

    /** The instructions with which bf16 is faster than f32. */
    private static final List<String> BF16 = List.of("avx512_bf16", "amx_bf16");

    @Override
    public String name() {
      return "processor";
    }

    @Override
    public List<CheckResult> findings() throws IOException {
      Set<String> flags = flags();
      String supported =
          Stream.concat(Stream.of(VECTORS, "avx512f"), BF16.stream())
              .filter(flags::contains)
              .collect(Collectors.joining(" "));
      String bf16 = BF16.stream().anyMatch(flags::contains) ? "in hardware" : "slower than f32";
      String detail =
          "%d cores, %s; bf16 is %s"
              .formatted(Runtime.getRuntime().availableProcessors(), supported, bf16);
      return List.of(
          flags.contains(VECTORS)
              ? ok(detail)
              : warning(
                  "it has no " + VECTORS + ", so training is slow",
                  "use a processor of the last ten years, or make its instructions available to the"
                      + " virtual machine"));
    }

    private Set<String> flags() throws IOException {
      try (Stream<String> lines = Files.lines(cpuinfo)) {
        return lines
            .filter(line -> line.startsWith("flags"))
            .findFirst()
            .map(line -> Set.of(line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
            .orElse(Set.of());
      }
    }
  }

  /**
   * Checks the memory that jobs can use.
   *
   * @param total bytes of the machine or its container
   * @param needed bytes for the smallest training beside a server
   */
  record MainMemory(long total, long needed) implements Check {
    public static MainMemory here(long needed) {
      var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      return new MainMemory(system.getTotalMemorySize(), needed);
    }

    @Override
    public String name() {
      return "memory";
    }

    @Override
    public List<CheckResult> findings() {
      if (total < needed) {
        return List.of(
            missing(
                Bytes.gigabytes(total),
                "give the machine or container at least " + Bytes.gigabytes(needed)));
      }
      String jobs = Bytes.gigabytes(MachineMemory.forJobs(total));
      return List.of(ok("%s, of which jobs may use %s".formatted(Bytes.gigabytes(total), jobs)));
    }
  }

  /**
   * Checks the version of Java and the platform.
   *
   * @param feature the feature version, such as 25
   */
  record JavaRuntime(int feature, String version, String system, String architecture)
      implements Check {
    private static final int NEEDED = 25;

    public static JavaRuntime here() {
      return new JavaRuntime(
          Runtime.version().feature(),
          Runtime.version() + " in " + System.getProperty("java.home"),
          System.getProperty("os.name"),
          System.getProperty("os.arch"));
    }

    @Override
    public String name() {
      return "java";
    }

    @Override
    public List<CheckResult> findings() {
      return List.of(java(), platform());
    }

    private CheckResult java() {
      return feature >= NEEDED
          ? ok(version)
          : missing(version, "install a JDK 25 and set GRAFT_JAVA_HOME to it");
    }

    private CheckResult platform() {
      String found = system + " " + architecture;
      return found.toLowerCase(Locale.ROOT).equals("linux amd64")
          ? CheckResult.ok("platform", found)
          : CheckResult.missing(
              "platform", found, "use the container image on a linux-x86_64 host");
    }
  }

  /**
   * Checks in a child process, which may crash, that libtorch loads and computes.
   *
   * @param command the command that prints {@link dev.graft.model.LibtorchCheck.Result} as one JSON
   *     line
   * @param gpus the number of usable GPUs
   */
  record Libtorch(List<String> command, int gpus) implements Check {
    private static final long PATIENCE_SECONDS = 120;
    private static final String CURE =
        "run Graft on a linux-x86_64 machine with glibc 2.29 or newer, or in its container image";
    private static final String CUDA_CURE =
        "reinstall the CUDA build with graft libtorch fetch --again, or unset"
            + " GRAFT_LIBTORCH_CUDA_DIRECTORY to use the processor";

    public Libtorch {
      command = List.copyOf(command);
    }

    @Override
    public String name() {
      return "libtorch";
    }

    @Override
    public List<CheckResult> findings() throws IOException {
      Path directory;
      try {
        directory = Files.createTempDirectory("graft-libtorch-");
      } catch (IOException e) {
        String temporary = System.getProperty("java.io.tmpdir");
        return List.of(
            missing("no permission to write " + temporary, "make it writable; libtorch needs it"));
      }
      try {
        return List.of(run(directory));
      } finally {
        FileTrees.delete(directory);
      }
    }

    /**
     * @param directory for the child's output and crash files
     */
    private CheckResult run(Path directory) throws IOException {
      Path output = directory.resolve("output");
      ProcessBuilder builder =
          ChildProcess.of(command)
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile());
      builder.environment().put("DJL_OFFLINE", "true");
      builder.environment().put("OPT_OUT_TRACKING", "true");
      Process child = builder.start();
      child.getOutputStream().close();
      if (!ended(child)) {
        child.destroyForcibly();
        return missing("no result after %d s".formatted(PATIENCE_SECONDS), cure());
      }
      String printed = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
      Optional<JsonNode> result = result(printed);
      if (child.exitValue() == 0 && result.isPresent()) return found(result.get());
      return missing(
          "the test ended with status %d: %s".formatted(child.exitValue(), reason(printed)),
          cure());
    }

    private String cure() {
      return gpus > 0 ? CUDA_CURE : CURE;
    }

    private static boolean ended(Process child) {
      try {
        return child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    private CheckResult found(JsonNode result) {
      List<String> devices = result.path("devices").valueStream().map(JsonNode::asString).toList();
      String computes =
          "%s loads and computes on %s"
              .formatted(result.path("version").asString(), String.join(", ", devices));
      return gpus > 0 && devices.size() == 1
          ? warning(computes + " only, although there are GPUs", CUDA_CURE)
          : ok(computes);
    }

    /** Returns the last line with JSON; libraries may print other lines before it. */
    private static Optional<JsonNode> result(String printed) {
      return printed
          .lines()
          .filter(line -> line.startsWith("{"))
          .reduce((one, last) -> last)
          .flatMap(Libtorch::json);
    }

    private static Optional<JsonNode> json(String line) {
      try {
        return Optional.of(JsonMapper.shared().readTree(line));
      } catch (JacksonException notOurs) {
        return Optional.empty();
      }
    }

    private static String reason(String printed) {
      return printed
          .lines()
          .filter(line -> !line.isBlank())
          .filter(line -> line.startsWith("graft: ") || line.contains("SIG"))
          .findFirst()
          .or(() -> printed.lines().filter(line -> !line.isBlank()).findFirst())
          .map(String::strip)
          .orElse("no output");
    }
  }

  /**
   * Checks the GPUs, the driver and the CUDA build of libtorch.
   *
   * @param library null = there is none
   * @param wanted the configured devices; empty = all usable ones
   */
  record Gpus(CudaMachine machine, @Nullable CudaLibrary library, List<String> wanted)
      implements Check {
    public Gpus {
      wanted = List.copyOf(wanted);
    }

    @Override
    public String name() {
      return "gpu";
    }

    @Override
    public List<CheckResult> findings() {
      List<CheckResult> findings = new ArrayList<>();
      for (CudaDevice device : machine.devices()) findings.add(device(device));
      CudaLack lack = machine.lack();
      if (lack != null) findings.add(driver(lack));
      if (library != null) findings.add(library(library));
      for (String each : wanted) {
        boolean known = machine.devices().stream().anyMatch(d -> d.name().equals(each));
        if (!known && !each.equals("cpu")) findings.add(absent(each));
      }
      return findings;
    }

    private CheckResult device(CudaDevice device) {
      String what = description(device);
      CudaLack lack = device.lack();
      if (lack == null) return ok(what);
      return lacking(what + "; " + lack.what(), lack.cure(), wanted.contains(device.name()));
    }

    private CheckResult driver(CudaLack lack) {
      return machine.isWithoutDriver()
          ? ok(lack.what() + "; training uses the processor")
          : lacking(lack.what(), lack.cure(), false);
    }

    private CheckResult absent(String device) {
      CudaLack lack = machine.lack();
      String cure = lack == null ? "specify an existing device" : lack.cure();
      return lacking(
          "graft.worker.devices names %s, which does not exist".formatted(device),
          cure + ", or set graft.worker.devices=cpu",
          true);
    }

    private CheckResult lacking(String what, String cure, boolean needed) {
      return needed ? missing(what, cure) : warning(what, cure);
    }

    private static String description(CudaDevice device) {
      String part = device.mig() == null ? "" : " MIG " + device.mig();
      Object capability = device.capability() == null ? "unknown" : device.capability();
      return "%s %s%s, %s, compute capability %s, driver %s"
          .formatted(
              device.name(), device.product(), part, memory(device), capability, device.driver());
    }

    private static String memory(CudaDevice device) {
      Long total = device.total();
      Long free = device.free();
      if (total == null) return "memory unknown";
      String all = Bytes.gigabytes(total);
      return free == null ? all : "%s (%s free)".formatted(all, Bytes.gigabytes(free));
    }

    private static CheckResult library(CudaLibrary library) {
      CudaLack lack = library.lack();
      if (lack != null) return CheckResult.warning("libtorch-cuda", lack.what(), lack.cure());
      String code =
          library.capabilities().stream()
              .map(ComputeCapability::toString)
              .collect(Collectors.joining(", "));
      return CheckResult.ok(
          "libtorch-cuda",
          "%s in %s, with code for compute capability %s"
              .formatted(library.version(), library.directory(), code.isEmpty() ? "?" : code));
    }
  }

  /**
   * Checks how many files and connections a process may open.
   *
   * @param limit negative if unknown
   * @param wanted the number that a server with many clients needs
   */
  record OpenFiles(long limit, long wanted) implements Check {
    public static OpenFiles here(long wanted) {
      return new OpenFiles(
          ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
              ? unix.getMaxFileDescriptorCount()
              : -1,
          wanted);
    }

    @Override
    public String name() {
      return "open-files";
    }

    @Override
    public List<CheckResult> findings() {
      if (limit < 0) return List.of();
      String detail = "a process may open %d".formatted(limit);
      return List.of(
          limit >= wanted
              ? ok(detail)
              : warning(
                  detail,
                  "raise the limit: ulimit -n 65536, or LimitNOFILE=65536 in the systemd service"));
    }
  }

  /** Reports how long this worker may take to stop; service managers must wait that long. */
  record StopLimit(Environment settings) implements Check {
    private static final String WAIT =
        "; TimeoutStopSec (systemd), stop_grace_period (Compose) or terminationGracePeriodSeconds"
            + " (Kubernetes) must be longer";

    @Override
    public String name() {
      return "stop";
    }

    @Override
    public List<CheckResult> findings() throws IOException {
      WorkerStop stop = WorkerStop.of(settings);
      String measured =
          stop.longest()
              .map(
                  longest ->
                      "steps of up to %s and checkpoints of up to %s were measured"
                          .formatted(seconds(longest.step()), seconds(longest.checkpoint())))
              .orElse("nothing has been measured yet");
      return List.of(
          ok(
              "a stop waits up to %s for the current step and its checkpoint: %s%s"
                  .formatted(seconds(stop.limit()), measured, WAIT)));
    }

    private static String seconds(Duration time) {
      return String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1e3).replace(".0 s", " s");
    }
  }

  /**
   * Checks which user child processes run as, and whether they can be kept from the network.
   *
   * @param directory their working directory
   */
  record ChildProcesses(ChildrenProperties settings, Path directory) implements Check {
    @Override
    public String name() {
      return "children";
    }

    @Override
    public List<CheckResult> findings() {
      FoundConfinement found = new ChildConfinement(settings, directory).find(directory);
      List<CheckResult> lacks = new ArrayList<>();
      String user = found.userLack();
      if (user != null) {
        lacks.add(warning("child processes run as root: " + user, ChildConfinement.USER_CURE));
      }
      String network = found.networkLack();
      if (network != null) {
        lacks.add(
            warning(
                "child processes have network access: " + network, ChildConfinement.NETWORK_CURE));
      }
      if (!lacks.isEmpty()) return lacks;
      return List.of(
          ok(
              "%s, %s"
                  .formatted(
                      found.user() == null ? "run as Graft's user" : "run as user " + found.user(),
                      found.network()
                          ? "with network access, as configured"
                          : "without network access")));
    }
  }
}
