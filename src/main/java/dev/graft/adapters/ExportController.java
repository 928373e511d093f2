package dev.graft.adapters;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobDownload;
import dev.graft.artifacts.BlobRef;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.ExportForm;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Forms of a department's own adapters. */
@RestController
class ExportController {
  private static final String ALL = "/v1/adapters/{id}/exports";
  private static final String ONE = ALL + "/{export}";
  private static final MediaType GZIP = MediaType.parseMediaType("application/gzip");

  private final ExportDesk desk;
  private final AdapterExports exports;
  private final ExportSources sources;
  private final Adapters adapters;
  private final ArtifactStore store;
  private final AuditLog audit;

  ExportController(
      ExportDesk desk,
      AdapterExports exports,
      ExportSources sources,
      Adapters adapters,
      ArtifactStore store,
      AuditLog audit) {
    this.desk = desk;
    this.exports = exports;
    this.sources = sources;
    this.adapters = adapters;
    this.store = store;
    this.audit = audit;
  }

  /** It is under way when this returns, or was made before. */
  @PostMapping(ALL)
  AdapterExportObject create(
      @AuthenticationPrincipal Caller caller, @PathVariable String id, @RequestBody NewExport body)
      throws IOException {
    Adapter adapter = require(caller, id);
    ExportForm form = body.read(adapter, sources.hubName(adapter));
    Optional<AdapterExport> made = exports.equal(adapter.departmentId(), adapter.id(), form);
    if (made.isPresent()) return made.get().answer();
    sources.require(adapter, form);
    return desk.add(adapter, form).answer();
  }

  /** Newest first. */
  @GetMapping(ALL)
  CursorPage<AdapterExportObject> list(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    Adapter adapter = require(caller, id);
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        exports.page(adapter.departmentId(), adapter.id(), page),
        page,
        AdapterExport::answer,
        AdapterExportObject::id);
  }

  @GetMapping(ONE)
  AdapterExportObject get(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @PathVariable String export) {
    return require(caller, id, export).answer();
  }

  /** One that is being made is given up. */
  @DeleteMapping(ONE)
  DeletedObject delete(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @PathVariable String export) {
    desk.delete(require(caller, id, export));
    return new DeletedObject(export, "adapter.export.deleted", true);
  }

  @GetMapping(ONE + "/content")
  ResponseEntity<Resource> content(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @PathVariable String export,
      HttpMethod method,
      @RequestHeader HttpHeaders request) {
    AdapterExport found = require(caller, id, export);
    BlobRef content = found.content();
    if (content == null) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "'%s' is %s.".formatted(export, found.status()), "export");
    }
    MediaType type = found.filename().endsWith(".gguf") ? MediaType.APPLICATION_OCTET_STREAM : GZIP;
    ResponseEntity<Resource> answer =
        BlobDownload.of(store, content, found.filename(), type, method, request);
    if (BlobDownload.begins(method, answer)) {
      audit.write(
          "adapter.export.downloaded",
          caller.departmentId(),
          id,
          Map.of("export", export, "form", found.form().kind().wireName()));
    }
    return answer;
  }

  private Adapter require(Caller caller, String id) {
    return adapters
        .find(caller.departmentId(), id)
        .orElseThrow(() -> RequestFailed.notFound("adapter", id));
  }

  private AdapterExport require(Caller caller, String id, String export) {
    return exports
        .find(require(caller, id).departmentId(), id, export)
        .orElseThrow(() -> RequestFailed.notFound("export of this adapter", export));
  }
}
