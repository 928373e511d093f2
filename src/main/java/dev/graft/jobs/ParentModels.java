package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The models that jobs can continue from. The module that owns results implements it. */
public interface ParentModels {
  /**
   * Finds a model; empty if the department may not see it, or it is a base model.
   *
   * @param nameOrId name of a model or checkpoint, or id of an adapter
   * @throws dev.graft.platform.RequestFailed if it is known but no longer available
   */
  Optional<ParentModel> find(String departmentId, String nameOrId);

  /** Returns the names of all models that the department may use, including base models. */
  List<String> names(String departmentId);

  /**
   * A result or a checkpoint that another job may continue from.
   *
   * @param name such as {@code ft:base:department:suffix:id} or {@code ...:ckpt-step-100}
   * @param jobId the job that made it
   * @param baseModel the registered base model with which its line of jobs began
   * @param manifest digest of the manifest blob of its directory
   * @param configuration the resolved {@code adapter} object of its job, as JSON
   * @param deprecation why it should no longer be used; null = it is not deprecated
   */
  public record ParentModel(
      String name,
      String jobId,
      String baseModel,
      Digest manifest,
      String configuration,
      @Nullable String deprecation) {}
}
