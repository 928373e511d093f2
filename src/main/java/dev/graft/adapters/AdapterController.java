package dev.graft.adapters;

import static java.util.stream.Collectors.toSet;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.graft.adapters.AdapterController.AdapterResource;
import dev.graft.adapters.Adapters.DeprecationRequest;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Manifest;
import dev.graft.catalog.BaseModel;
import dev.graft.catalog.BaseModels;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.EntityTag;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.UnixTime;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Department;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.Permission;
import dev.graft.tenancy.RetentionKind;
import dev.graft.tenancy.RetentionNotices;
import dev.graft.weights.LoaderRules.Compatibility;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.ResponseEntity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Component;
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

/** The published adapters and their files. */
@RestController
@RequestMapping("/v1/adapters")
class AdapterController {
  private static final String KEEP = "keep";

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
    AdapterIndex.Search search = AdapterIndex.Search.parse(page, query);
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

  /** Also works for a deleted adapter. */
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
    return downloads.download(caller, id, "", method, request);
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
    return downloads.download(caller, id, path, method, request);
  }

  /** Changes the deprecation, or whether retention spares the adapter. */
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
        isDeprecation(body)
            ? adapters.deprecate(
                seen, DeprecationRequest.of(body.get(DeprecationRequest.NAME)), only)
            : adapters.keep(seen, keep(caller, body.get(KEEP)), only);
    if (!changed) {
      throw adapters.find(department, id).isPresent()
          ? EntityTag.changed()
          : downloads.gone(department, id);
    }
    return get(caller, id);
  }

  /** A request changes either the deprecation or {@code keep}. */
  private static boolean isDeprecation(JsonNode body) {
    for (String key : body.propertyNames()) {
      if (!key.equals(DeprecationRequest.NAME) && !key.equals(KEEP)) {
        throw DeprecationRequest.unknown(key);
      }
    }
    boolean deprecation = body.has(DeprecationRequest.NAME);
    if (deprecation && body.has(KEEP)) {
      throw RequestFailed.invalid(KEEP, "Change keep and deprecation in separate requests.");
    }
    if (deprecation || body.has(KEEP)) return deprecation;
    throw new RequestFailed(
        ProblemType.MISSING_PARAMETER,
        "Missing required parameter: 'deprecation' or 'keep'.",
        DeprecationRequest.NAME);
  }

  private static boolean keep(Caller caller, JsonNode keep) {
    if (!keep.isBoolean()) throw RequestFailed.invalid(KEEP, "keep must be true or false.");
    if (caller.permissions().contains(Permission.PROJECT_WRITE)) return keep.booleanValue();
    throw new RequestFailed(
        ProblemType.PERMISSION_DENIED,
        "Only owners of a department can change what it keeps; this key lacks the scope "
            + Permission.PROJECT_WRITE.scope()
            + ".",
        KEEP);
  }

  /** Deleting an adapter again succeeds. */
  @DeleteMapping("/{id}")
  DeletedObject delete(@AuthenticationPrincipal Caller caller, @PathVariable String id) {
    if (!adapters.delete(caller.departmentId(), id)
        && adapters.deleted(caller.departmentId(), id).isEmpty()) {
      throw RequestFailed.notFound("adapter", id);
    }
    return new DeletedObject(id, "adapter.deleted", true);
  }

  /**
   * An adapter in API responses.
   *
   * @param ownedBy name of its department
   * @param parentModel model that its training continued from, or null
   * @param keep whether retention spares it
   * @param deleteAt when retention removes it; null without a notice
   * @param compatibility whether other programs can load it; empty where its base is unknown
   */
  record AdapterResource(
      String id,
      String object,
      String name,
      String ownedBy,
      String baseModel,
      @Nullable String parentModel,
      String jobId,
      String trainingFile,
      long createdAt,
      @JsonUnwrapped Content content,
      @JsonUnwrapped Settings settings,
      List<LoaderVerdict> compatibility,
      long trainedTokens,
      @Nullable DeprecationObject deprecation,
      boolean keep,
      @Nullable Long deleteAt) {

    /**
     * @param bytes size of {@code /content}
     * @param sha256 checksum of {@code /content}
     */
    record Content(long bytes, String sha256, List<File> files) {
      static Content of(BlobRef archive, Manifest manifest) {
        return new Content(
            archive.bytes(),
            archive.sha256().hex(),
            manifest.files().entrySet().stream()
                .map(
                    file ->
                        new File(
                            file.getKey(), file.getValue().bytes(), file.getValue().sha256().hex()))
                .toList());
      }
    }

    /**
     * @param method {@code peft_type}, or the type of a method that PEFT lacks
     * @param adapter the settings, fully resolved
     * @param metadata the pairs of its job
     */
    record Settings(@Nullable String method, JsonNode adapter, @Nullable JsonNode metadata) {}

    /** A file of the PEFT directory; {@code /files/{name}} serves it. */
    record File(String name, long bytes, String sha256) {}

    /** Times in unix seconds. */
    record DeprecationObject(String notice, long deprecatedAt, @Nullable Long retiresAt) {
      static @Nullable DeprecationObject of(Adapter.@Nullable Deprecation deprecation) {
        if (deprecation == null) return null;
        return new DeprecationObject(
            deprecation.notice(),
            deprecation.since().getEpochSecond(),
            UnixTime.seconds(deprecation.retiresAt()));
      }
    }

    /**
     * Whether one program can load it.
     *
     * @param verdict {@code loads}, {@code with_conversion} or {@code no}
     * @param reasons obstacles and remedies, or required settings
     */
    record LoaderVerdict(String loader, String verdict, List<String> reasons) {
      static LoaderVerdict of(Compatibility found) {
        return new LoaderVerdict(
            found.loader().wireName(), found.verdict().wireName(), found.reasons());
      }
    }
  }

  /** Builds the API's view of adapters. */
  @Component
  static class AdapterDescriptions {
    private final AdapterDownloads.AdapterFiles files;
    private final CompatibilityReport compatibility;
    private final BaseModels baseModels;
    private final Departments departments;
    private final RetentionNotices notices;
    private final JsonMapper json;

    AdapterDescriptions(
        AdapterDownloads.AdapterFiles files,
        CompatibilityReport compatibility,
        BaseModels baseModels,
        Departments departments,
        RetentionNotices notices,
        JsonMapper json) {
      this.files = files;
      this.compatibility = compatibility;
      this.baseModels = baseModels;
      this.departments = departments;
      this.notices = notices;
      this.json = json;
    }

    AdapterResource of(Adapter adapter) throws IOException {
      return of(List.of(adapter)).getFirst();
    }

    List<AdapterResource> of(List<Adapter> adapters) throws IOException {
      Map<String, Instant> deleteAt =
          notices.deleteAt(RetentionKind.ADAPTERS, adapters.stream().map(Adapter::id).toList());
      Map<String, BaseModel> bases =
          baseModels.find(adapters.stream().map(Adapter::baseModel).collect(toSet()));
      Map<String, String> owners = new HashMap<>();
      List<AdapterResource> described = new ArrayList<>();
      for (Adapter adapter : adapters) {
        String owner =
            owners.computeIfAbsent(
                adapter.departmentId(), id -> departments.get(id).map(Department::name).orElse(""));
        described.add(
            of(adapter, owner, bases.get(adapter.baseModel()), deleteAt.get(adapter.id())));
      }
      return described;
    }

    private AdapterResource of(
        Adapter adapter, String owner, @Nullable BaseModel base, @Nullable Instant deleteAt)
        throws IOException {
      Manifest manifest = files.manifest(adapter);
      Adapter.Origin origin = adapter.origin();
      String metadata = origin.metadata();
      return new AdapterResource(
          adapter.id(),
          "adapter",
          adapter.name(),
          owner,
          adapter.baseModel(),
          origin.parentModel(),
          origin.jobId(),
          origin.trainingFile(),
          adapter.createdAt().getEpochSecond(),
          AdapterResource.Content.of(files.archive(adapter), manifest),
          new AdapterResource.Settings(
              adapter.method(),
              json.readTree(adapter.configuration()),
              metadata == null ? null : json.readTree(metadata)),
          compatibility.of(manifest, base).stream().map(AdapterResource.LoaderVerdict::of).toList(),
          origin.trainedTokens(),
          AdapterResource.DeprecationObject.of(adapter.deprecation()),
          adapter.kept(),
          UnixTime.seconds(deleteAt));
    }
  }
}
