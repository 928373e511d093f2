package dev.graft.adapters;

import dev.graft.adapters.ModelResolver.ResolvedModel;
import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.Nearest;
import dev.graft.spec.TrainingSpec;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Department;
import dev.graft.tenancy.Departments;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/**
 * OpenAI's models: the base models, the department's fine-tuned ones and its aliases. A name may
 * hold a slash, sent as {@code %2F} or as it is.
 */
@RestController
@RequestMapping("/v1/models")
class ModelController {
  private final BaseModels baseModels;
  private final Adapters adapters;
  private final ModelResolver models;
  private final ModelAliases aliases;
  private final Departments departments;

  ModelController(
      BaseModels baseModels,
      Adapters adapters,
      ModelResolver models,
      ModelAliases aliases,
      Departments departments) {
    this.aliases = aliases;
    this.baseModels = baseModels;
    this.adapters = adapters;
    this.models = models;
    this.departments = departments;
  }

  @GetMapping
  ModelList list(@AuthenticationPrincipal Caller caller) {
    Stream<ModelResource> base =
        baseModels.list().stream().filter(BaseModel::enabled).map(ModelResource::of);
    Map<String, ModelResource> own = new LinkedHashMap<>();
    for (Adapter adapter : adapters.all(caller.departmentId())) {
      own.put(adapter.name(), resource(adapter, caller));
    }
    Stream<ModelResource> shared =
        models.shared(caller.departmentId()).stream()
            .flatMap(each -> resource(each, caller).stream());
    // An alias stands for a result of its own department.
    Stream<ModelResource> named =
        aliases.all(caller.departmentId()).stream()
            .flatMap(
                alias ->
                    Stream.ofNullable(own.get(alias.model())).map(model -> model.as(alias.name())));
    return new ModelList(
        "list",
        Stream.of(base, named, own.values().stream(), shared).flatMap(each -> each).toList());
  }

  @GetMapping("/{*model}")
  ModelResource get(@AuthenticationPrincipal Caller caller, @PathVariable("model") String rest) {
    String name = rest.substring(1);
    return named(caller, name).orElseThrow(() -> unknown(caller, name));
  }

  /** An alias appears under its own name. */
  private Optional<ModelResource> named(Caller caller, String name) {
    return models
        .find(caller.departmentId(), name)
        .flatMap(named -> resource(named, caller))
        .map(model -> model.as(name));
  }

  private Optional<ModelResource> resource(ResolvedModel model, Caller caller) {
    return switch (model) {
      case ResolvedModel.Base base -> Optional.of(ModelResource.of(base.model()));
      case ResolvedModel.FineTuned tuned -> Optional.of(resource(tuned.adapter(), caller));
      case ResolvedModel.Checkpoint checkpoint ->
          Optional.of(
              ModelResource.of(
                  checkpoint.name(),
                  checkpoint.baseModel(),
                  checkpoint.configuration(),
                  checkpoint.createdAt(),
                  owner(checkpoint.departmentId(), caller)));
      case ResolvedModel.Missing missing -> Optional.empty();
      case ResolvedModel.Removed removed -> throw gone(removed);
    };
  }

  private ModelResource resource(Adapter adapter, Caller caller) {
    return ModelResource.of(
        adapter.name(),
        adapter.baseModel(),
        adapter.configuration(),
        adapter.createdAt(),
        owner(adapter.departmentId(), caller));
  }

  private String owner(String departmentId, Caller caller) {
    return departmentId.equals(caller.departmentId())
        ? caller.departmentName()
        : departments.get(departmentId).map(Department::name).orElse("");
  }

  @DeleteMapping("/{*model}")
  DeletedObject delete(@AuthenticationPrincipal Caller caller, @PathVariable("model") String rest) {
    String name = rest.substring(1);
    if (aliases.find(caller.departmentId(), name).isPresent()) {
      throw stays(name, "is an alias: DELETE /v1/aliases/%s deletes it".formatted(name));
    }
    return switch (models
        .find(caller.departmentId(), name)
        .orElseThrow(() -> unknown(caller, name))) {
      case ResolvedModel.Base base -> throw stays(name, "is a base model");
      case ResolvedModel.Checkpoint checkpoint -> throw stays(name, "belongs to its job");
      case ResolvedModel.Missing missing -> throw unknown(caller, name);
      case ResolvedModel.Removed removed -> throw gone(removed);
      case ResolvedModel.FineTuned tuned -> {
        if (!tuned.adapter().departmentId().equals(caller.departmentId())) {
          throw stays(name, "is another department's");
        }
        if (!adapters.delete(caller.departmentId(), tuned.adapter().id()))
          throw unknown(caller, name);
        yield new DeletedObject(name, "model", true);
      }
    };
  }

  private static RequestFailed stays(String name, String why) {
    return new RequestFailed(
        ProblemType.WRONG_STATE,
        "'%s' %s; only fine-tuned models can be deleted here.".formatted(name, why),
        "model");
  }

  private static RequestFailed gone(ResolvedModel.Removed removed) {
    return new RequestFailed(ProblemType.MODEL_NOT_FOUND, removed.why(), "model");
  }

  private RequestFailed unknown(Caller caller, String name) {
    String meant = Nearest.sentence(name, models.names(caller.departmentId()));
    return new RequestFailed(
        ProblemType.MODEL_NOT_FOUND,
        "The model '%s' does not exist.%s GET /v1/models lists all."
            .formatted(Nearest.shown(name), meant),
        "model");
  }

  record ModelList(String object, List<ModelResource> data) {}

  /**
   * A model on the wire.
   *
   * @param ownedBy the department, or {@code system} for a base model
   * @param baseModel of a fine-tuned model
   * @param contextLength in tokens, of a base model
   * @param task its task, in Hugging Face's terms
   * @param aliasOf the model that an alias stands for; null of a model itself
   */
  record ModelResource(
      String id,
      String object,
      long created,
      String ownedBy,
      @Nullable String baseModel,
      @Nullable Integer contextLength,
      String task,
      @Nullable String aliasOf) {
    private static final String GENERATION = "text-generation";
    private static final String CLASSIFICATION = "text-classification";

    static ModelResource of(BaseModel model) {
      return new ModelResource(
          model.name(),
          "model",
          model.createdAt().getEpochSecond(),
          "system",
          null,
          model.contextLength(),
          model.writesText() ? GENERATION : CLASSIFICATION,
          null);
    }

    /** Returns the same model under the requested name. */
    ModelResource as(String name) {
      return name.equals(id)
          ? this
          : new ModelResource(name, object, created, ownedBy, baseModel, contextLength, task, id);
    }

    /**
     * @param configuration of its job
     */
    static ModelResource of(
        String name, String baseModel, String configuration, Instant createdAt, String owner) {
      boolean labels =
          TrainingSpec.objective(JsonMapper.shared().readTree(configuration)).labelsRows();
      return new ModelResource(
          name,
          "model",
          createdAt.getEpochSecond(),
          owner,
          baseModel,
          null,
          labels ? CLASSIFICATION : GENERATION,
          null);
    }
  }
}
