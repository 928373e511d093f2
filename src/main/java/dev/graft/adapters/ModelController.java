package dev.graft.adapters;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Department;
import dev.graft.tenancy.Departments;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * OpenAI's models: the base models, and the department's fine-tuned ones. A name may hold a slash,
 * sent as {@code %2F} or as it is.
 */
@RestController
@RequestMapping("/v1/models")
class ModelController {
  private final BaseModels baseModels;
  private final Adapters adapters;
  private final NamedModels models;
  private final Departments departments;

  ModelController(
      BaseModels baseModels, Adapters adapters, NamedModels models, Departments departments) {
    this.baseModels = baseModels;
    this.adapters = adapters;
    this.models = models;
    this.departments = departments;
  }

  @GetMapping
  ModelList list(@AuthenticationPrincipal Caller caller) {
    Stream<ModelResource> base =
        baseModels.list().stream().filter(BaseModel::enabled).map(ModelResource::of);
    Stream<ModelResource> own =
        adapters.all(caller.departmentId()).stream().map(a -> resource(a, caller));
    Stream<ModelResource> shared =
        models.shared(caller.departmentId()).stream()
            .flatMap(each -> resource(each, caller).stream());
    return new ModelList("list", Stream.of(base, own, shared).flatMap(each -> each).toList());
  }

  @GetMapping("/{*model}")
  ModelResource get(@AuthenticationPrincipal Caller caller, @PathVariable("model") String rest) {
    String name = rest.substring(1);
    return models
        .find(caller.departmentId(), name)
        .flatMap(named -> resource(named, caller))
        .orElseThrow(() -> unknown(name));
  }

  private Optional<ModelResource> resource(NamedModel model, Caller caller) {
    return switch (model) {
      case NamedModel.Base base -> Optional.of(ModelResource.of(base.model()));
      case NamedModel.FineTuned tuned -> Optional.of(resource(tuned.adapter(), caller));
      case NamedModel.Checkpoint checkpoint ->
          Optional.of(ModelResource.of(checkpoint, owner(checkpoint.departmentId(), caller)));
      case NamedModel.Missing missing -> Optional.empty();
      case NamedModel.Removed removed -> throw gone(removed);
    };
  }

  private ModelResource resource(Adapter adapter, Caller caller) {
    return ModelResource.of(adapter, owner(adapter.departmentId(), caller));
  }

  private String owner(String departmentId, Caller caller) {
    return departmentId.equals(caller.departmentId())
        ? caller.departmentName()
        : departments.get(departmentId).map(Department::name).orElse("");
  }

  @DeleteMapping("/{*model}")
  ModelDeleted delete(@AuthenticationPrincipal Caller caller, @PathVariable("model") String rest) {
    String name = rest.substring(1);
    return switch (models.find(caller.departmentId(), name).orElseThrow(() -> unknown(name))) {
      case NamedModel.Base base -> throw stays(name, "is a base model");
      case NamedModel.Checkpoint checkpoint -> throw stays(name, "belongs to its job");
      case NamedModel.Missing missing -> throw unknown(name);
      case NamedModel.Removed removed -> throw gone(removed);
      case NamedModel.FineTuned tuned -> {
        if (!tuned.adapter().departmentId().equals(caller.departmentId())) {
          throw stays(name, "is another department's");
        }
        if (!adapters.delete(caller.departmentId(), tuned.adapter().id())) throw unknown(name);
        yield new ModelDeleted(name, "model", true);
      }
    };
  }

  private static RequestFailed stays(String name, String why) {
    return new RequestFailed(
        ProblemType.WRONG_STATE,
        "'%s' %s; only fine-tuned models can be deleted here.".formatted(name, why),
        "model");
  }

  private static RequestFailed gone(NamedModel.Removed removed) {
    return new RequestFailed(ProblemType.MODEL_NOT_FOUND, removed.why(), "model");
  }

  private static RequestFailed unknown(String name) {
    return new RequestFailed(
        ProblemType.MODEL_NOT_FOUND, "The model '" + name + "' does not exist.", "model");
  }

  record ModelList(String object, List<ModelResource> data) {}

  record ModelDeleted(String id, String object, boolean deleted) {}
}
