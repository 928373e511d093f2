package dev.graft.training;

import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaMachine;
import dev.graft.model.Execution;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --device} of a command that computes in its own process. */
final class DeviceOption {
  @Option(
      names = "--device",
      defaultValue = Execution.CPU,
      paramLabel = "DEVICE",
      description = "Where it computes: cpu, or cuda:0 and so on; ${DEFAULT-VALUE} if not said.")
  private String device = Execution.CPU;

  /** As it was said. */
  String said() {
    return device;
  }

  boolean isProcessor() {
    return device.equals(Execution.CPU);
  }

  /**
   * Makes the device the only one that this process sees, before libtorch is loaded.
   *
   * @return what it is called here
   * @throws dev.graft.kernels.CudaMachine.DeviceUnavailable if it cannot be used
   */
  String choose() {
    return machine(null).device();
  }

  /**
   * The same, with what a run may take of its memory.
   *
   * @param budget bytes; null = as much as there is
   */
  RunRequest.Machine machine(@Nullable Long budget) {
    if (isProcessor()) {
      long all = ProcessorMemory.forRuns(ProcessorMemory.total());
      return new RunRequest.Machine(device, 0, budget == null ? Long.valueOf(all) : budget, false);
    }
    CudaDevice gpu = CudaMachine.here().require(device);
    String name = gpu.hideOthers();
    return new RunRequest.Machine(name, 0, budget == null ? gpu.forRuns() : budget, false);
  }
}
