package dev.graft.datasets;

import dev.graft.artifacts.Digest;
import dev.graft.datasets.FileImports.FileImport;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;

/** Imports: files that the server fetches itself. */
@RestController
@RequestMapping("/v1/files/imports")
class FileImportController {
  private static final String ROUTE = "POST /v1/files/imports";

  private final FileImports imports;
  private final AllowedSources sources;
  private final FileProperties settings;
  private final LeasedWork work;
  private final Idempotency idempotency;
  private final AuditLog audit;
  private final Ids ids;
  private final JsonMapper json;

  FileImportController(
      FileImports imports,
      AllowedSources sources,
      FileProperties settings,
      LeasedWork work,
      Idempotency idempotency,
      AuditLog audit,
      Ids ids,
      JsonMapper json) {
    this.imports = imports;
    this.sources = sources;
    this.settings = settings;
    this.work = work;
    this.idempotency = idempotency;
    this.audit = audit;
    this.ids = ids;
    this.json = json;
  }

  /** Starts an import. The file exists when it has succeeded. */
  @PostMapping
  FileImport create(
      @AuthenticationPrincipal Caller caller, HttpServletRequest http, @RequestBody byte[] body) {
    FileImports.NewFileImport wanted =
        RequestFailed.required(json.readValue(body, FileImportRequest.class), "source")
            .check(caller);
    sources.require(wanted.source());
    IdempotentRequest submission =
        IdempotentRequest.of(http, caller.departmentId(), ROUTE, Digest.of(body).hex());
    return require(caller, idempotency.once(submission, () -> begin(wanted)));
  }

  private String begin(FileImports.NewFileImport wanted) {
    String departmentId = wanted.file().departmentId();
    if (imports.unfinished(departmentId) >= settings.maxPending()) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "%d imports of this department are under way; cancel one or wait until one has ended."
              .formatted(settings.maxPending()));
    }
    String id = ids.next("fimport-");
    imports.add(id, wanted);
    work.add(FileImportWork.KIND, id, departmentId);
    audit.write("file.import.created", departmentId, id, Map.of("source", wanted.text()));
    return id;
  }

  /** Newest first. */
  @GetMapping
  CursorPage<FileImport> list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        imports.page(caller.departmentId(), page.after(), page.limit() + 1),
        page.limit(),
        FileImport::id);
  }

  @GetMapping("/{import}")
  FileImport get(@AuthenticationPrincipal Caller caller, @PathVariable("import") String id) {
    return require(caller, id);
  }

  @Transactional
  @PostMapping("/{import}/cancel")
  FileImport cancel(@AuthenticationPrincipal Caller caller, @PathVariable("import") String id) {
    require(caller, id);
    work.drop(FileImportWork.KIND, id, caller.departmentId());
    if (!imports.end(id, "cancelled", null)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "The import '%s' has already ended.".formatted(id), "import");
    }
    audit.write("file.import.cancelled", caller.departmentId(), id, Map.of());
    return require(caller, id);
  }

  private FileImport require(Caller caller, String id) {
    return imports
        .find(caller.departmentId(), id)
        .orElseThrow(() -> RequestFailed.notFound("import", id));
  }

  /** The body of {@code POST /v1/files/imports}. */
  record FileImportRequest(
      @Nullable String source,
      @Nullable String purpose,
      @Nullable String filename,
      @Nullable Map<String, String> columns,
      @Nullable Boolean ignoreUnknownKeys) {
    /** Throws {@link RequestFailed} that names the field to blame. */
    FileImports.NewFileImport check(Caller caller) {
      String text = RequestFailed.required(source, "source");
      if (NewFile.FilePurpose.USER_DATA.wireName().equals(purpose)) {
        throw RequestFailed.invalid(
            "purpose", "Only training data can be imported, with the purpose 'fine-tune'.");
      }
      ImportSource checked = ImportSource.parse(text);
      DecodingOptions options =
          new DecodingOptions(FileFields.columns(columns), Boolean.TRUE.equals(ignoreUnknownKeys));
      return new FileImports.NewFileImport(
          checked,
          text,
          new NewFile(
              caller.departmentId(),
              name(checked.names(), checked),
              FileFields.purpose(purpose, caller),
              null,
              options));
    }

    private String name(ImportSource.NamePattern names, ImportSource checked) {
      if (filename == null) return names.filename(checked.whose());
      if (!names.isOne()) return ImportSource.NamePattern.rows(filename);
      DecodingOptions none = DecodingOptions.NONE;
      if (FileFormat.isCsv(names.path(), none) != FileFormat.isCsv(filename, none)) {
        throw RequestFailed.invalid(
            "filename", "Whether a file is CSV depends on its name: use the ending of the source.");
      }
      return filename;
    }
  }
}
