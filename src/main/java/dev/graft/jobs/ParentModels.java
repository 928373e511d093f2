package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What departments can continue from. Results belong to another module, which supplies this. */
public interface ParentModels {
  /**
   * Empty if the department may not see such a thing, or it is a base model.
   *
   * @param nameOrId of a model or a checkpoint, or the id of an adapter
   * @throws dev.graft.platform.RequestFailed if it is known but not there, saying why
   */
  Optional<ParentModel> find(String departmentId, String nameOrId);

  /** Of what the department may name as a model, base models included. */
  List<String> names(String departmentId);

  /**
   * A result or a checkpoint that another job may continue from.
   *
   * @param name such as {@code ft:base:department:suffix:id} or {@code ...:ckpt-step-100}
   * @param jobId the job that made it
   * @param baseModel the registered base that its line of jobs began with
   * @param manifest digest of the manifest blob of its directory
   * @param configuration the resolved {@code adapter} object of its job, as JSON
   * @param deprecation why it should not be used any more; null = it may be
   */
  public record ParentModel(
      String name,
      String jobId,
      String baseModel,
      Digest manifest,
      String configuration,
      @Nullable String deprecation) {}
}
