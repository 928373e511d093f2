package dev.graft.adapters;

import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.springframework.context.annotation.Profile;
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
@Profile("server")
@RequestMapping("/v1/models")
@Tag(name = "Models", description = "What a job can start from and a chat can ask")
class ModelController {
  private final BaseModels baseModels;
  private final Adapters adapters;

  ModelController(BaseModels baseModels, Adapters adapters) {
    this.baseModels = baseModels;
    this.adapters = adapters;
  }

  @GetMapping
  @Operation(operationId = "listModels", summary = "Base models and the department's own; one page")
  ModelList list(@AuthenticationPrincipal Caller caller) {
    Stream<ModelResource> base = baseModels.list().stream().map(ModelResource::of);
    Stream<ModelResource> own =
        adapters.all(caller.departmentId()).stream().map(a -> ModelResource.of(a, caller));
    return new ModelList("list", Stream.concat(base, own).toList());
  }

  @GetMapping("/{*model}")
  @Operation(operationId = "retrieveModel", summary = "One model")
  ModelResource get(@AuthenticationPrincipal Caller caller, @PathVariable String model) {
    String name = name(model);
    Optional<BaseModel> base = baseModels.find(name);
    if (base.isPresent()) return ModelResource.of(base.get());
    return adapters
        .named(caller.departmentId(), name)
        .map(adapter -> ModelResource.of(adapter, caller))
        .orElseThrow(() -> unknown(name));
  }

  @DeleteMapping("/{*model}")
  @Operation(operationId = "deleteModel", summary = "Delete a fine-tuned model and its adapter")
  ModelDeleted delete(@AuthenticationPrincipal Caller caller, @PathVariable String model) {
    String name = name(model);
    if (baseModels.find(name).isPresent())
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "'" + name + "' is a base model; only fine-tuned models can be deleted here.",
          "model");
    if (!adapters.delete(caller.departmentId(), name)) throw unknown(name);
    return new ModelDeleted(name, "model", true);
  }

  /** The rest of the path; without one there is a list, which cannot be deleted. */
  private static String name(String rest) {
    if (rest.length() < 2) {
      throw new RequestFailed(ProblemType.METHOD_NOT_ALLOWED, "Name one model: /v1/models/{model}");
    }
    return rest.substring(1);
  }

  private static RequestFailed unknown(String name) {
    return new RequestFailed(
        ProblemType.MODEL_NOT_FOUND, "The model '" + name + "' does not exist.", "model");
  }

  record ModelList(String object, List<ModelResource> data) {}

  record ModelDeleted(String id, String object, boolean deleted) {}
}
