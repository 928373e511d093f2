package dev.graft.jobs.submission;

import dev.graft.catalog.BaseModel;
import dev.graft.jobs.queue.JobProperties;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import org.springframework.stereotype.Component;

/** What jobs ask of workers, within what this server lets them ask for. */
@Component
class ResourceDemand {
  private final JobProperties settings;

  ResourceDemand(JobProperties settings) {
    this.settings = settings;
  }

  /**
   * A large base takes a GPU: a CPU that has the memory would be at it for weeks. Whoever asks for
   * a device gets that.
   *
   * @throws RequestFailed if no worker could be had that gives as much
   */
  Resources of(Resources asked, BaseModel base) {
    if (asked.count() > settings.maxDevices()) {
      throw RequestFailed.invalid(
          "resources.devices",
          "%d is more than the %d devices that a job may ask for here (graft.jobs.max-devices)."
              .formatted(asked.count(), settings.maxDevices()));
    }
    boolean large = base.parameters() > settings.cpuMaxParameters();
    return asked.device() == null && large ? asked.on(DeviceKind.CUDA) : asked;
  }
}
