package dev.graft.jobs;

import dev.graft.catalog.BaseModel;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import dev.graft.spec.TrainingSpec;
import org.springframework.stereotype.Component;

/** What jobs ask of workers, within what this server lets them ask for. */
@Component
class ResourceDemand {
  private final JobProperties settings;
  private final WorkerDevices devices;

  ResourceDemand(JobProperties settings, WorkerDevices devices) {
    this.settings = settings;
    this.devices = devices;
  }

  /**
   * A large base takes a GPU: a CPU that has the memory would be at it for weeks. Whoever asks for
   * a device gets that. A base that Graft's own kernels lack takes a worker of a Ray cluster.
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
    Resources wanted = asked.device() == null && large ? asked.on(DeviceKind.CUDA) : asked;
    if (!base.onlyOnRay() || wanted.workerClass() != null) return wanted;
    return new Resources(
        wanted.device(),
        wanted.memory(),
        wanted.capability(),
        wanted.devices(),
        Resources.SEVERAL_CLASS,
        wanted.maxRunSeconds(),
        wanted.noProgressSeconds());
  }

  /**
   * Before a job waits for what may never come: that its settings are those of a Ray cluster where
   * it would train on one, and that there is one for a base that nothing else trains.
   *
   * @param resources as {@link #of} says
   * @throws RequestFailed if not
   */
  void requireTrainer(Resources resources, BaseModel base, TrainingSpec spec) {
    String workerClass = resources.takenBy();
    if (resources.count() > 1 || Resources.SEVERAL_CLASS.equals(workerClass) || base.onlyOnRay()) {
      ClusterTraining.require(spec);
    }
    if (!base.onlyOnRay() || devices.onRay(new JobNeeds(resources, 0))) return;
    throw new RequestFailed(
        ProblemType.WRONG_STATE,
        ("'%s' is a model of type %s, which trains only on a Ray cluster; no worker of class %s"
                + " that stands for one with %d %s has asked for work in the last 30 days. Ask the"
                + " operator for one (docs/ray.md), or train another base model.")
            .formatted(
                base.name(),
                base.family(),
                workerClass,
                resources.count(),
                resources.device() == DeviceKind.CUDA ? "GPUs" : "devices"),
        "model");
  }
}
