package dev.graft.catalog;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The base models, for administrators. */
@RestController
@RequestMapping("/v1/base_models")
class BaseModelController {
  private final BaseModels models;
  private final List<BaseModels.BaseModelUse> uses;

  BaseModelController(BaseModels models, List<BaseModels.BaseModelUse> uses) {
    this.models = models;
    this.uses = List.copyOf(uses);
  }

  record Change(@Nullable Boolean enabled) {}

  /** Returns a page in the order of names; {@code after} is a name. */
  @GetMapping
  CursorPage<BaseModelObject> list(
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    List<BaseModelObject> rows =
        models.list().stream()
            .sorted(Comparator.comparing(BaseModel::name))
            .filter(
                model -> page.start().map(name -> model.name().compareTo(name) > 0).orElse(true))
            .limit(page.limit() + 1L)
            .map(this::described)
            .toList();
    return CursorPage.ofOneMore(rows, page.limit(), BaseModelObject::id);
  }

  @GetMapping("/{base_model}")
  BaseModelObject get(@PathVariable("base_model") String name) {
    return described(require(name));
  }

  /** A disabled model takes no new jobs and answers no chats. Its adapters still answer. */
  @PostMapping("/{base_model}")
  BaseModelObject change(@PathVariable("base_model") String name, @RequestBody Change change) {
    require(name);
    models.enable(name, RequestFailed.required(change.enabled(), "enabled"));
    return get(name);
  }

  @DeleteMapping("/{base_model}")
  DeletedObject delete(@PathVariable("base_model") String name) {
    Map<String, Long> inUse = uses(require(name));
    inUse.values().removeIf(count -> count == 0);
    if (!inUse.isEmpty()) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "'%s' is in use (%s). Delete these first, or disable the model."
              .formatted(name, words(inUse)),
          "base_model");
    }
    models.delete(name);
    return new DeletedObject(name, "base_model.deleted", true);
  }

  private static String words(Map<String, Long> uses) {
    return String.join(
        ", ",
        uses.entrySet().stream()
            .map(use -> use.getKey().replace('_', ' ') + ": " + use.getValue())
            .toList());
  }

  private BaseModelObject described(BaseModel model) {
    return BaseModelObject.of(model, uses(model));
  }

  private Map<String, Long> uses(BaseModel model) {
    Map<String, Long> counts = new TreeMap<>();
    uses.forEach(use -> counts.put(use.name(), use.count(model.name())));
    return counts;
  }

  private BaseModel require(String name) {
    return models.find(name).orElseThrow(() -> RequestFailed.notFound("base model", name));
  }

  /**
   * A base model in the API.
   *
   * @param id its name
   * @param family {@code model_type} of its configuration
   * @param contextLength in tokens
   * @param license from its README.md, or null
   * @param source {@code hf:organization/name@commit}, {@code gguf:file} or {@code upload:file};
   *     null of a directory
   * @param sha256 of the manifest that names its files, which identifies its content
   * @param writesText false of an encoder, which only classifies
   * @param uses how many jobs, adapters and so on need it, by kind
   */
  record BaseModelObject(
      String id,
      String object,
      String family,
      long parameters,
      int contextLength,
      long bytes,
      @Nullable String license,
      @Nullable String source,
      String sha256,
      boolean writesText,
      boolean enabled,
      long createdAt,
      Map<String, Long> uses) {
    static BaseModelObject of(BaseModel model, Map<String, Long> uses) {
      return new BaseModelObject(
          model.name(),
          "base_model",
          model.family(),
          model.parameters(),
          model.contextLength(),
          model.bytes(),
          model.license(),
          model.source(),
          model.manifest().hex(),
          model.writesText(),
          model.enabled(),
          model.createdAt().getEpochSecond(),
          uses);
    }
  }
}
