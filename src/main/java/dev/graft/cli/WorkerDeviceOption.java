package dev.graft.cli;

import dev.graft.kernels.CudaMachine;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code --device} of {@code serve}: what the worker in it trains on. */
final class WorkerDeviceOption {
  private static final String AUTO = "auto";
  private static final String CPU = "cpu";

  @Option(
      names = "--device",
      defaultValue = AUTO,
      paramLabel = "DEVICE",
      description =
          "A worker's devices: cpu, cuda:0, or several with commas; auto, if not said: every GPU"
              + " that can be used, else cpu.")
  private String device = AUTO;

  /** For the settings; null = they decide. */
  @Nullable String named() {
    return device.equals(AUTO) ? null : device;
  }

  /**
   * @param worker whether there is one
   * @throws dev.graft.kernels.CudaMachine.DeviceUnavailable if one cannot be used
   */
  void check(CommandLine command, boolean worker) {
    if (!device.matches("auto|(cpu|cuda:\\d+)(,(cpu|cuda:\\d+))*")) {
      throw new ParameterException(
          command,
          "--device " + device + " is not a device: use auto, cpu, cuda:0, or several with commas");
    }
    if (!worker || !device.contains("cuda")) return;
    CudaMachine machine = CudaMachine.here();
    for (String each : device.split(",")) if (!each.equals(CPU)) machine.require(each);
  }
}
