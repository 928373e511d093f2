package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaDevice.ComputeCapability;
import dev.graft.kernels.CudaMachine;
import dev.graft.training.ProcessorMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What of a machine's memory the runs of a worker may take. The processors share what the machine
 * or its container has, less an eighth, at least 512 MB, for this program and the system around it.
 * A GPU gives what was free on it when the worker started, less a sixteenth, at least 1 GB.
 */
public final class MachineMemory {
  private static final Logger log = LoggerFactory.getLogger(MachineMemory.class);

  private MachineMemory() {}

  /**
   * @param total of the machine, or of the container where that is less
   * @return what the jobs on its processors may take together, in bytes like the total
   */
  public static long forJobs(long total) {
    return ProcessorMemory.forRuns(total);
  }

  /**
   * @param names of the devices
   * @param setting of each; null = as it is found
   * @param total of the machine, or of the container where that is less
   * @throws dev.graft.kernels.CudaMachine.DeviceUnavailable if one cannot be used
   */
  static List<Device> devices(
      List<String> names, @Nullable Long setting, long total, CudaMachine machine) {
    long processors = names.stream().filter(MachineMemory::isProcessor).count();
    List<Device> devices = new ArrayList<>();
    for (String name : names) {
      CudaDevice gpu = isProcessor(name) ? null : machine.require(name);
      Long found = gpu == null ? Long.valueOf(forJobs(total) / processors) : gpu.forRuns();
      Long memory = setting == null ? found : setting;
      if (memory == null) warn(name);
      devices.add(Device.named(name, memory, capability(gpu)));
    }
    return devices;
  }

  private static @Nullable String capability(@Nullable CudaDevice gpu) {
    ComputeCapability known = gpu == null ? null : gpu.capability();
    return known == null ? null : known.toString();
  }

  private static boolean isProcessor(String device) {
    return device.equals("cpu");
  }

  private static void warn(String device) {
    log.atWarn()
        .addKeyValue("device", device)
        .addKeyValue("cure", "set graft.worker.device-memory")
        .log("device_memory_unknown");
  }
}
