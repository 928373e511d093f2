package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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

  /** The same, of a worker that is set up so. */
  TrainerDevice of(@Nullable String workerClass, boolean dedicated) {
    return new TrainerDevice(device.of(workerClass, dedicated), environment);
  }
}
