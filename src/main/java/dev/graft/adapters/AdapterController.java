package dev.graft.adapters;

import static java.time.temporal.ChronoUnit.SECONDS;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Manifest;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
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

/** The published adapters and their files: Graft's own part of the API. */
@RestController
@Profile("server")
@RequestMapping("/v1/adapters")
class AdapterController {
  private final Adapters adapters;
  private final AdapterFiles files;
  private final AdapterLineage lineage;
  private final VisibleAdapters visible;

  AdapterController(
      Adapters adapters, AdapterFiles files, AdapterLineage lineage, VisibleAdapters visible) {
    this.visible = visible;
    this.adapters = adapters;
    this.files = files;
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
    List<AdapterResource> data = new ArrayList<>();
    for (Adapter adapter : rows.subList(0, Math.min(page.limit(), rows.size()))) {
      data.add(files.describe(adapter));
    }
    return CursorPage.of(data, rows.size() > page.limit(), AdapterResource::id);
  }

  @GetMapping("/{id}")
  AdapterResource get(@AuthenticationPrincipal Caller caller, @PathVariable String id)
      throws IOException {
    return files.describe(require(caller, id));
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
      @RequestHeader HttpHeaders request)
      throws IOException {
    Adapter adapter = requireFiles(caller, id);
    BlobRef archive = files.archive(adapter);
    return files.download(
        archive, id + ".tar.gz", MediaType.parseMediaType("application/gzip"), request);
  }

  @GetMapping("/{id}/files/{*name}")
  ResponseEntity<Resource> file(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @PathVariable String name,
      @RequestHeader HttpHeaders request)
      throws IOException {
    Manifest manifest = files.manifest(requireFiles(caller, id));
    String path = name.substring(1);
    BlobRef file = manifest.files().get(path);
    if (file == null) throw RequestFailed.notFound("file of this adapter", path);
    return files.download(
        file,
        path.substring(path.lastIndexOf('/') + 1),
        MediaType.APPLICATION_OCTET_STREAM,
        request);
  }

  /** What of an adapter can change: whether it should still be used. */
  @PostMapping("/{id}")
  AdapterResource change(
      @AuthenticationPrincipal Caller caller, @PathVariable String id, @RequestBody JsonNode body)
      throws IOException {
    if (adapters.find(caller.departmentId(), id).isEmpty()) throw gone(caller, id);
    if (!adapters.deprecate(caller.departmentId(), id, DeprecationRequest.of(body))) {
      throw gone(caller, id);
    }
    return get(caller, id);
  }

  /** Deleting twice is one deletion. */
  @DeleteMapping("/{id}")
  AdapterDeleted delete(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    if (!adapters.delete(caller.departmentId(), id)
        && adapters.deletedAt(caller.departmentId(), id).isEmpty()) {
      throw RequestFailed.notFound("adapter", id);
    }
    return new AdapterDeleted(id, "adapter.deleted", true);
  }

  record AdapterDeleted(String id, String object, boolean deleted) {}

  private Adapter require(Caller caller, String id) {
    return visible.find(caller.departmentId(), id).orElseThrow(() -> gone(caller, id));
  }

  private Adapter requireFiles(Caller caller, String id) {
    Adapter adapter = require(caller, id);
    if (!visible.mayDownload(caller.departmentId(), adapter)) {
      throw new RequestFailed(
          ProblemType.PERMISSION_DENIED,
          "Your department may use this adapter, but not fetch its files.",
          "id");
    }
    return adapter;
  }

  /** Its own department is told that there was one. */
  private RequestFailed gone(Caller caller, String id) {
    return adapters
        .deletedAt(caller.departmentId(), id)
        .map(
            at ->
                new RequestFailed(
                    ProblemType.GONE,
                    "The adapter %s was deleted at %s.".formatted(id, at.truncatedTo(SECONDS)),
                    "id"))
        .orElseGet(() -> RequestFailed.notFound("adapter", id));
  }
}
