package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import dev.graft.training.protocol.ProcessorMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

/**
 * What of a machine's memory the runs of a worker may take. The processors share what the machine
 * or its container has, less an eighth, at least 512 MB, for this program and the system around it.
 * The memory of another device is known by the setting only.
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
   */
  static List<Device> devices(List<String> names, @Nullable DataSize setting) {
    return devices(names, setting == null ? null : setting.toBytes(), ProcessorMemory.total());
  }

  /**
   * @param total of the machine, or of the container where that is less
   */
  static List<Device> devices(List<String> names, @Nullable Long setting, long total) {
    long processors = names.stream().filter(MachineMemory::isProcessor).count();
    List<Device> devices = new ArrayList<>();
    for (String name : names) {
      if (setting != null) devices.add(new Device(name, setting));
      else if (isProcessor(name)) devices.add(new Device(name, forJobs(total) / processors));
      else devices.add(unknown(name));
    }
    return devices;
  }

  private static boolean isProcessor(String device) {
    return device.equals("cpu");
  }

  private static Device unknown(String device) {
    log.atWarn()
        .addKeyValue("device", device)
        .addKeyValue("cure", "set graft.worker.device-memory")
        .log("device_memory_unknown");
    return new Device(device, null);
  }
}
