package dev.graft.adapters;

import dev.graft.artifacts.BlobRef;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.EntityTag;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Permission;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The published adapters and their files: Graft's own part of the API. */
@RestController
@RequestMapping("/v1/adapters")
class AdapterController {
  private final Adapters adapters;
  private final AdapterDescriptions descriptions;
  private final AdapterLineage lineage;
  private final AdapterDownloads downloads;
  private final JsonMapper json;

  AdapterController(
      Adapters adapters,
      AdapterDescriptions descriptions,
      AdapterLineage lineage,
      AdapterDownloads downloads,
      JsonMapper json) {
    this.downloads = downloads;
    this.adapters = adapters;
    this.json = json;
    this.descriptions = descriptions;
    this.lineage = lineage;
  }

  @GetMapping
  CursorPage<AdapterResource> list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit,
      @RequestParam MultiValueMap<String, String> query)
      throws IOException {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    AdapterSearch search = AdapterSearch.parse(page, query);
    List<Adapter> rows = adapters.page(caller.departmentId(), search, page.limit() + 1);
    return CursorPage.of(
        descriptions.of(rows.subList(0, Math.min(page.limit(), rows.size()))),
        rows.size() > page.limit(),
        AdapterResource::id);
  }

  @GetMapping("/{id}")
  AdapterResource get(@AuthenticationPrincipal Caller caller, @PathVariable String id)
      throws IOException {
    return descriptions.of(downloads.require(caller.departmentId(), id));
  }

  /** Of a deleted one, too. */
  @GetMapping("/{id}/lineage")
  AdapterLineage.Line lineage(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    return lineage
        .of(caller.departmentId(), id)
        .orElseThrow(() -> RequestFailed.notFound("adapter", id));
  }

  @GetMapping("/{id}/content")
  ResponseEntity<Resource> content(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      HttpMethod method,
      @RequestHeader HttpHeaders request)
      throws IOException {
    BlobRef archive = downloads.require(caller.departmentId(), id, "");
    return downloads.noted(caller, id, "", method, downloads.archive(id, archive, method, request));
  }

  @GetMapping("/{id}/files/{*name}")
  ResponseEntity<Resource> file(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @PathVariable String name,
      HttpMethod method,
      @RequestHeader HttpHeaders request)
      throws IOException {
    String path = name.substring(1);
    if (path.isEmpty()) throw RequestFailed.notFound("file of this adapter", path);
    BlobRef file = downloads.require(caller.departmentId(), id, path);
    return downloads.noted(caller, id, path, method, downloads.file(path, file, method, request));
  }

  /** What of an adapter can change: whether it should still be used, whether it is kept. */
  @PostMapping("/{id}")
  AdapterResource change(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestHeader HttpHeaders headers,
      @RequestBody JsonNode body)
      throws IOException {
    String department = caller.departmentId();
    Adapter seen = adapters.find(department, id).orElseThrow(() -> downloads.gone(department, id));
    EntityTag.requireMatch(headers, descriptions.of(seen), json);
    boolean only = headers.containsHeader(HttpHeaders.IF_MATCH);
    boolean changed =
        switch (AdapterChange.of(body)) {
          case AdapterChange.Deprecate said -> adapters.deprecate(seen, said.deprecation(), only);
          case AdapterChange.Keep said -> {
            requireOwner(caller);
            yield adapters.keep(seen, said.keep(), only);
          }
        };
    if (!changed) {
      throw adapters.find(department, id).isPresent()
          ? EntityTag.changed()
          : downloads.gone(department, id);
    }
    return get(caller, id);
  }

  private static void requireOwner(Caller caller) {
    if (caller.permissions().contains(Permission.PROJECT_WRITE)) return;
    throw new RequestFailed(
        ProblemType.PERMISSION_DENIED,
        "Only owners of a department say what it keeps: this key lacks the scope "
            + Permission.PROJECT_WRITE.scope()
            + ".",
        "keep");
  }

  /** Deleting twice is one deletion. */
  @DeleteMapping("/{id}")
  DeletedObject delete(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    if (!adapters.delete(caller.departmentId(), id)
        && adapters.deleted(caller.departmentId(), id).isEmpty()) {
      throw RequestFailed.notFound("adapter", id);
    }
    return new DeletedObject(id, "adapter.deleted", true);
  }
}
