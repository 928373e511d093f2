package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import java.util.Map;

/**
 * A device of this worker, on which one trainer runs at a time.
 *
 * @param device as the server hears of it
 * @param environment variables by which a trainer sees this GPU and no other
 */
record TrainerDevice(Device device, Map<String, String> environment) {
  TrainerDevice {
    environment = Map.copyOf(environment);
  }
}
