package dev.graft.adapters;

import dev.graft.jobs.ParentModel;
import dev.graft.jobs.ParentModels;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.util.List;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** The department's results and checkpoints, as what its further jobs begin with. */
@Component
class ContinuableModels implements ParentModels {
  private static final String ADAPTER_ID = "ad_";

  private final ModelResolver names;
  private final VisibleAdapters adapters;

  ContinuableModels(ModelResolver names, VisibleAdapters adapters) {
    this.names = names;
    this.adapters = adapters;
  }

  @Override
  public Optional<ParentModel> find(String departmentId, String nameOrId) {
    if (nameOrId.startsWith(ADAPTER_ID)) {
      return adapters.find(departmentId, nameOrId).map(ContinuableModels::parent);
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
              "Training cannot continue from '%s' (yet). %s".formatted(name, missing.why()),
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
