package dev.graft.worker;

import dev.graft.jobs.lease.DeviceUse;
import org.jspecify.annotations.Nullable;

/** What a device of this worker is doing. */
@FunctionalInterface
interface DeviceMeter {
  /** Of a device that is not this machine's. */
  DeviceMeter NONE = trainer -> null;

  /**
   * As it is, or was some seconds ago. Never waits: the heartbeat asks.
   *
   * @param trainer process that trains on the device; null = none
   * @return null = not known
   */
  @Nullable DeviceUse now(@Nullable ProcessHandle trainer);
}
