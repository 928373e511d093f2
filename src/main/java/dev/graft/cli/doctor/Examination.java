package dev.graft.cli.doctor;

import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.kernels.CudaLibrary;
import dev.graft.kernels.CudaMachine;
import dev.graft.platform.ChildJvm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Runs all checks in order: machine, data directory, database, servers. */
public final class Examination {
  private static final long GB = 1_000_000_000;
  private static final long MEMORY_NEEDED = 3 * GB;
  private static final long DISK_NEEDED = 2 * GB;
  private static final long DISK_WANTED = 20 * GB;
  private static final long FILES_WANTED = 4096;
  private static final String HEAP = "256m";

  private Examination() {}

  /** Runs the checks one after the other. */
  public static DoctorReport of(Installation installation) {
    List<CheckResult> findings = new ArrayList<>();
    for (Check check : checks(installation, System.getenv())) findings.addAll(run(check));
    return new DoctorReport(findings);
  }

  private static List<Check> checks(Installation installation, Map<String, String> environment) {
    Path dataDir = installation.dataDir();
    List<Check> checks = new ArrayList<>();
    checks.add(MachineChecks.JavaRuntime.here());
    checks.add(new MachineChecks.Processor(Path.of("/proc/cpuinfo")));
    checks.add(MachineChecks.MainMemory.here(MEMORY_NEEDED));
    checks.add(MachineChecks.OpenFiles.here(FILES_WANTED));
    CudaMachine gpus = CudaMachine.here();
    CudaLibrary library = CudaLibrary.in(CudaLibrary.directory(environment));
    List<String> wanted = installation.isWorker() ? installation.devices() : List.of();
    checks.add(new MachineChecks.Gpus(gpus, library, wanted));
    int usable = gpus.usable().size();
    checks.add(new MachineChecks.Libtorch(ChildJvm.ofThisProgram(HEAP, "libtorch-check"), usable));
    checks.add(new DataDirectory(dataDir));
    checks.add(new MachineChecks.ChildProcesses(installation.children(), dataDir));
    checks.add(new DataDirectory.DiskSpace(dataDir, DISK_NEEDED, DISK_WANTED));
    checks.add(new DataDirectory.FileSystem(dataDir));
    checks.add(new DataDirectory.Leftovers(dataDir));
    if (installation.isWorker()) checks.add(new MachineChecks.StopLimit(installation.settings()));
    if (installation.isServer()) {
      Clock clock = Clock.systemUTC();
      checks.add(
          installation.hasDatabase()
              ? new Database.ConfiguredDatabase(installation.settings(), clock)
              : new Database.EmbeddedDatabase(dataDir, clock));
      installation.bucket().map(ServerChecks.ArtifactBucket::new).ifPresent(checks::add);
      checks.add(ServerChecks.Port.of(installation.settings(), environment));
      checks.add(new ServerChecks.ApiServer(installation.askedServer(), environment));
    }
    if (installation.isWorkerAlone())
      checks.add(new ServerChecks.WorkersServer(installation.settings()));
    return checks;
  }

  /** Runs a check; an exception becomes a warning, so that the others still run. */
  public static List<CheckResult> run(Check check) {
    try {
      return check.findings();
    } catch (IOException | UncheckedIOException e) {
      return List.of(
          CheckResult.warning(
              check.name(),
              "cannot be read: " + e.getMessage(),
              "run this command as the user that Graft runs as"));
    } catch (RuntimeException e) {
      return List.of(
          CheckResult.warning(
              check.name(),
              "the check failed: " + e.getMessage(),
              "correct the setting that the message names"));
    }
  }
}
