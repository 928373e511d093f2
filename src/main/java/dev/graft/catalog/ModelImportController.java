package dev.graft.catalog;

import dev.graft.artifacts.hub.Hub;
import dev.graft.artifacts.hub.HubRepository;
import dev.graft.catalog.ModelImports.ModelImport;
import dev.graft.datasets.StoredFiles;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkKind;
import dev.graft.tenancy.AuditLog;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Imports of base models from the hub or from uploaded files, for administrators. */
@RestController
class ModelImportController {
  private static final String IMPORTS = "/v1/base_model_imports";

  private final ModelImports imports;
  private final Hub hub;
  private final StoredFiles files;
  private final LeasedWork work;
  private final AuditLog audit;
  private final Ids ids;

  ModelImportController(
      ModelImports imports, Hub hub, StoredFiles files, LeasedWork work, AuditLog audit, Ids ids) {
    this.imports = imports;
    this.hub = hub;
    this.files = files;
    this.work = work;
    this.audit = audit;
    this.ids = ids;
  }

  record NewModel(@Nullable String name, @Nullable String source) {}

  /** Starts an import; the model exists when the import has succeeded. */
  @Transactional
  @PostMapping("/v1/base_models")
  ModelImport add(@RequestBody NewModel model) {
    String name = RequestFailed.required(model.name(), "name");
    String source = RequestFailed.required(model.source(), "source");
    BaseModels.requireName(name);
    requireSource(source);
    String id = ids.next("bmimport-");
    imports.add(id, name, source);
    work.add(ImportWork.KIND, id, WorkKind.ORGANIZATION);
    audit.write("base_model.import.created", null, id, Map.of("name", name, "source", source));
    return require(id);
  }

  private void requireSource(String source) {
    if (!StoredFiles.isFile(source)) {
      hub.requireAllowed(HubRepository.parse(source));
    } else if (files.findUserData(source).isEmpty()) {
      throw RequestFailed.invalid(
          "source",
          "There is no file %s of purpose 'user_data'. Upload the model with that purpose."
              .formatted(source));
    }
  }

  @GetMapping(IMPORTS)
  CursorPage<ModelImport> list(
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        imports.page(page.after(), page.limit() + 1), page.limit(), ModelImport::id);
  }

  @GetMapping(IMPORTS + "/{import}")
  ModelImport get(@PathVariable("import") String id) {
    return require(id);
  }

  /** Cancels an import. Fetched files stay for the next import of the same model. */
  @Transactional
  @PostMapping(IMPORTS + "/{import}/cancel")
  ModelImport cancel(@PathVariable("import") String id) {
    require(id);
    work.drop(ImportWork.KIND, id, WorkKind.ORGANIZATION);
    if (!imports.end(id, "cancelled", null)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "The import '%s' has ended already.".formatted(id), "import");
    }
    audit.write("base_model.import.cancelled", null, id, Map.of());
    return require(id);
  }

  private ModelImport require(String id) {
    return imports.find(id).orElseThrow(() -> RequestFailed.notFound("import", id));
  }
}
