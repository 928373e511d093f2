package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import org.jspecify.annotations.Nullable;

/**
 * A device of this worker, on which one trainer runs at a time.
 *
 * @param device as the server hears of it
 * @param trainers those that see this device, and no other
 * @param meter what it is doing
 */
record TrainerDevice(Device device, Trainers trainers, DeviceMeter meter) {
  /** The same, of a worker that is set up so. */
  TrainerDevice of(@Nullable String workerClass, boolean dedicated) {
    return new TrainerDevice(device.of(workerClass, dedicated), trainers, meter);
  }
}
