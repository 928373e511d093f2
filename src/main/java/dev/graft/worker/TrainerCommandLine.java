package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.kernels.CudaDevice;
import dev.graft.platform.Children;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How a trainer is started: see {@code ChildJvm}.
 *
 * @param environment beside what every trainer gets
 * @param children how they are started
 */
record TrainerCommandLine(List<String> command, Map<String, String> environment, Children children)
    implements Trainers {
  /**
   * Keeps freed memory in the process: a step frees and takes the same large buffers again, and
   * glibc would otherwise hand each back to the kernel (about a tenth of the step). {@code
   * bin/graft} says the same for {@code train} and {@code bench}.
   */
  static final Map<String, String> ENVIRONMENT =
      Map.of(
          "MALLOC_TOP_PAD_", "268435456",
          "MALLOC_TRIM_THRESHOLD_", "17179869184",
          "MALLOC_MMAP_THRESHOLD_", "4294967296",
          "OPT_OUT_TRACKING", "true",
          "DJL_OFFLINE", "true");

  public TrainerCommandLine {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  public TrainerCommandLine(List<String> command) {
    this(command, Map.of(), Children.AS_GRAFT);
  }

  /** The same with more variables. */
  public TrainerCommandLine with(Map<String, String> variables) {
    Map<String, String> all = new HashMap<>(environment);
    all.putAll(variables);
    return new TrainerCommandLine(command, all, children);
  }

  ProcessBuilder builder() {
    ProcessBuilder builder = children.of(command);
    builder.environment().putAll(ENVIRONMENT);
    builder.environment().putAll(environment);
    return builder;
  }

  /** What a trainer calls the device of a worker: it sees one GPU, which is its first. */
  static String device(String ofWorker) {
    return ofWorker.startsWith("cuda:") ? CudaDevice.ONLY : ofWorker;
  }

  @Override
  public Trainer start(Lease lease, Path directory, Path errors) throws IOException {
    return TrainerProcess.start(this, directory, errors);
  }
}
