package dev.graft.adapters;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.jobs.NamedJob;
import dev.graft.jobs.NamedJobs;
import java.util.Optional;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Component;

/** Finds models by name: base models, the department's results and their checkpoints. */
@Component
@Profile("server")
public class NamedModels {
  private static final String CHECKPOINT = ":ckpt-step-";

  private final BaseModels baseModels;
  private final Adapters adapters;
  private final NamedJobs jobs;

  NamedModels(BaseModels baseModels, Adapters adapters, NamedJobs jobs) {
    this.baseModels = baseModels;
    this.adapters = adapters;
    this.jobs = jobs;
  }

  /** Empty if the name means nothing to the department. */
  public Optional<NamedModel> find(String departmentId, String name) {
    Optional<BaseModel> base = baseModels.find(name);
    if (base.isPresent()) return Optional.of(new NamedModel.Base(base.get()));
    Optional<Adapter> adapter = adapters.named(departmentId, name);
    if (adapter.isPresent()) return Optional.of(new NamedModel.FineTuned(adapter.get()));
    return jobs.find(departmentId, name).flatMap(job -> ofJob(name, job));
  }

  private static Optional<NamedModel> ofJob(String name, NamedJob job) {
    NamedJob.Checkpoint checkpoint = job.checkpoint();
    if (checkpoint != null) {
      return Optional.of(
          new NamedModel.Checkpoint(
              name,
              job.id(),
              job.baseModel(),
              job.baseManifest(),
              checkpoint.manifest(),
              job.adapterJson(),
              checkpoint.createdAt()));
    }
    if (name.contains(CHECKPOINT)) {
      return missing(job, "has no checkpoint at this step; its checkpoints are listed under it");
    }
    return switch (job.state()) {
      case QUEUED -> missing(job, "waits in the queue; ask again when it has succeeded");
      case RUNNING ->
          missing(
              job, "is running; ask again when it has succeeded, or ask one of its checkpoints");
      case PAUSED -> missing(job, "is paused; resume it, or ask one of its checkpoints");
      case FAILED -> missing(job, "has failed; its checkpoints can be asked");
      case CANCELLED -> missing(job, "was cancelled; its checkpoints can be asked");
      // Then the model was there, and has been deleted.
      case SUCCEEDED -> Optional.empty();
    };
  }

  private static Optional<NamedModel> missing(NamedJob job, String why) {
    return Optional.of(new NamedModel.Missing(job.id(), "Its job %s %s.".formatted(job.id(), why)));
  }
}
