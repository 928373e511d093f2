package dev.graft.jobs;

import java.util.List;
import java.util.Optional;

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
}
