package dev.graft.adapters;

import static java.time.temporal.ChronoUnit.SECONDS;

import dev.graft.adapters.ModelResolver.ResolvedModel;
import dev.graft.artifacts.Digest;
import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.jobs.ParentModels;
import dev.graft.jobs.ParentModels.ParentModel;
import dev.graft.jobs.SourceJobs;
import dev.graft.jobs.SourceJobs.SourceJob;
import dev.graft.platform.EveryDepartment;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Finds models by name: base models, the department's results and their checkpoints, its aliases,
 * and models that other departments share with it.
 */
@Component
public class ModelResolver {
  private static final String CHECKPOINT = ":ckpt-step-";
  private static final int MOST_SHARED = 100;

  private final BaseModels baseModels;
  private final Adapters adapters;
  private final SourceJobs jobs;
  private final CheckpointPermissions permissions;
  private final ModelAliases aliases;

  ModelResolver(
      BaseModels baseModels,
      Adapters adapters,
      SourceJobs jobs,
      CheckpointPermissions permissions,
      ModelAliases aliases) {
    this.baseModels = baseModels;
    this.adapters = adapters;
    this.jobs = jobs;
    this.permissions = permissions;
    this.aliases = aliases;
  }

  /**
   * Returns nothing if the department has and may use no model, checkpoint or alias of this name.
   *
   * @param called an alias means the model that it stands for at this moment
   */
  public Optional<ResolvedModel> find(String departmentId, String called) {
    String name = version(departmentId, called);
    Optional<BaseModel> base = baseModels.find(name);
    if (base.isPresent()) return Optional.of(new ResolvedModel.Base(base.get()));
    return own(departmentId, name)
        .or(
            () ->
                permissions
                    .findByModelAndDepartmentId(name, departmentId)
                    .map(CheckpointPermission::ownerId)
                    .flatMap(owner -> EveryDepartment.call(() -> own(owner, name))));
  }

  /** Returns the model that an alias stands for at this moment, or the name itself. */
  public String version(String departmentId, String name) {
    return aliases.find(departmentId, name).map(ModelAliases.Alias::model).orElse(name);
  }

  /** Returns the models that other departments share with this one. */
  List<ResolvedModel> shared(String departmentId) {
    return permissions.sharedWith(departmentId).stream()
        .flatMap(name -> find(departmentId, name).stream())
        .toList();
  }

  /**
   * Returns names for suggestions: base models, aliases, the newest own models, some shared ones.
   */
  public List<String> names(String departmentId) {
    return Stream.of(
            baseModels.list().stream().filter(BaseModel::enabled).map(BaseModel::name),
            aliases.all(departmentId).stream().map(ModelAliases.Alias::name),
            adapters.names(departmentId).stream(),
            permissions.sharedWith(departmentId).stream()
                .limit(MOST_SHARED)
                .filter(
                    name -> find(departmentId, name).filter(ModelResolver::isThere).isPresent()))
        .flatMap(each -> each)
        .toList();
  }

  /** Returns the department that has a model or checkpoint of this name. */
  public Optional<String> owner(String name) {
    Optional<String> owner = adapters.departmentOf(name).or(() -> jobs.departmentOf(name));
    return owner.filter(
        department -> own(department, name).filter(ModelResolver::isThere).isPresent());
  }

  private static boolean isThere(ResolvedModel model) {
    return model instanceof ResolvedModel.FineTuned || model instanceof ResolvedModel.Checkpoint;
  }

  private Optional<ResolvedModel> own(String departmentId, String name) {
    Optional<Adapter> adapter = adapters.named(departmentId, name);
    if (adapter.isPresent()) return Optional.of(new ResolvedModel.FineTuned(adapter.get()));
    return jobs.find(departmentId, name).flatMap(job -> ofJob(name, job));
  }

  private static Optional<ResolvedModel> ofJob(String name, SourceJob job) {
    SourceJob.Checkpoint checkpoint = job.checkpoint();
    if (checkpoint != null) {
      return Optional.of(
          new ResolvedModel.Checkpoint(
              name,
              job.id(),
              job.departmentId(),
              job.baseModel(),
              job.baseManifest(),
              checkpoint.manifest(),
              job.adapterJson(),
              checkpoint.createdAt()));
    }
    Instant deletedAt = job.checkpointsDeletedAt();
    if (name.contains(CHECKPOINT) && deletedAt != null) {
      return Optional.of(new ResolvedModel.Removed(job.id(), deleted(job, deletedAt)));
    }
    if (name.contains(CHECKPOINT)) {
      return missing(job, "has no checkpoint at this step; see the list of its checkpoints");
    }
    return switch (job.state()) {
      case WAITING ->
          missing(job, "is waiting for approval; use the model once the job has succeeded");
      case QUEUED -> missing(job, "is queued; use the model once the job has succeeded");
      case RUNNING ->
          missing(
              job,
              "is running; use the model once the job has succeeded, or use one of its checkpoints");
      case PAUSED -> missing(job, "is paused; resume it, or use one of its checkpoints");
      case FAILED -> missing(job, "has failed" + checkpoints(deletedAt));
      case CANCELLED -> missing(job, "was cancelled" + checkpoints(deletedAt));
      // The model existed and was deleted.
      case SUCCEEDED -> Optional.empty();
    };
  }

  private static String checkpoints(@Nullable Instant deletedAt) {
    return deletedAt == null
        ? "; you can still use its checkpoints"
        : ", and its checkpoints are deleted";
  }

  private static String deleted(SourceJob job, Instant at) {
    return "The checkpoints of its job %s were deleted at %s by the retention policy of its department."
        .formatted(job.id(), at.truncatedTo(SECONDS));
  }

  private static Optional<ResolvedModel> missing(SourceJob job, String why) {
    return Optional.of(
        new ResolvedModel.Missing(job.id(), "Its job %s %s.".formatted(job.id(), why)));
  }

  /** What a name refers to. */
  public sealed interface ResolvedModel {
    record Base(BaseModel model) implements ResolvedModel {}

    record FineTuned(Adapter adapter) implements ResolvedModel {}

    /**
     * A checkpoint of a job in any state.
     *
     * @param baseManifest of the base model's directory at the start of training
     * @param manifest digest of the manifest blob of its directory
     * @param configuration the resolved {@code adapter} object of the job, as JSON
     */
    record Checkpoint(
        String name,
        String jobId,
        String departmentId,
        String baseModel,
        Digest baseManifest,
        Digest manifest,
        String configuration,
        Instant createdAt)
        implements ResolvedModel {}

    /**
     * The name of a model that its job has not made.
     *
     * @param why a sentence for the caller
     */
    record Missing(String jobId, String why) implements ResolvedModel {}

    /**
     * The name of a checkpoint that retention has removed.
     *
     * @param why a sentence for the caller
     */
    record Removed(String jobId, String why) implements ResolvedModel {}
  }

  /** The results and checkpoints that jobs can continue from. */
  @Component
  static class ContinuableModels implements ParentModels {
    private static final String ADAPTER_ID = "ad_";

    private final ModelResolver names;
    private final Sharing sharing;

    ContinuableModels(ModelResolver names, Sharing sharing) {
      this.names = names;
      this.sharing = sharing;
    }

    @Override
    public Optional<ParentModel> find(String departmentId, String nameOrId) {
      if (nameOrId.startsWith(ADAPTER_ID)) {
        return sharing.findVisible(departmentId, nameOrId).map(ContinuableModels::parent);
      }
      return names.find(departmentId, nameOrId).flatMap(named -> parent(nameOrId, named));
    }

    @Override
    public List<String> names(String departmentId) {
      return names.names(departmentId);
    }

    private static Optional<ParentModel> parent(String name, ResolvedModel named) {
      return switch (named) {
        case ResolvedModel.Base base -> Optional.empty();
        case ResolvedModel.FineTuned tuned -> Optional.of(parent(tuned.adapter()));
        case ResolvedModel.Checkpoint checkpoint ->
            Optional.of(
                new ParentModel(
                    checkpoint.name(),
                    checkpoint.jobId(),
                    checkpoint.baseModel(),
                    checkpoint.manifest(),
                    checkpoint.configuration(),
                    null));
        case ResolvedModel.Removed removed ->
            throw new RequestFailed(ProblemType.MODEL_NOT_FOUND, removed.why(), "model");
        case ResolvedModel.Missing missing ->
            throw new RequestFailed(
                ProblemType.WRONG_STATE,
                "Training cannot continue from '%s' yet. %s".formatted(name, missing.why()),
                "model");
      };
    }

    private static ParentModel parent(Adapter adapter) {
      return new ParentModel(
          adapter.name(),
          adapter.origin().jobId(),
          adapter.baseModel(),
          adapter.manifest(),
          adapter.configuration(),
          adapter.deprecation() == null ? null : adapter.deprecation().notice());
    }
  }
}
