package dev.graft.jobs;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.AdapterSchema;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Adapter configurations: named, versioned settings for jobs. */
@RestController
@RequestMapping("/v1/adapter_configs")
class AdapterConfigController {
  /** Any name except the two that are routes. */
  private static final String CONFIG = "/{config:(?!(?:schema|validate)$).+}";

  private final AdapterConfigService configs;
  private final Idempotency idempotency;

  AdapterConfigController(AdapterConfigService configs, Idempotency idempotency) {
    this.configs = configs;
    this.idempotency = idempotency;
  }

  record AdapterConfigRequest(
      @Nullable String name, @Nullable String description, @Nullable JsonNode adapter) {}

  @GetMapping
  CursorPage<AdapterConfigObject> list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    if (page.start().flatMap(Presets::named).isPresent()) return page(List.of(), false);
    List<AdapterConfigVersion> own = configs.list(caller.departmentId(), page);
    if (own.size() > page.limit()) return page(own.subList(0, page.limit()), true);
    List<AdapterConfigVersion> all = new ArrayList<>(own);
    all.addAll(Presets.ALL);
    return page(all, false);
  }

  private static CursorPage<AdapterConfigObject> page(
      List<AdapterConfigVersion> shown, boolean more) {
    return CursorPage.of(
        shown.stream().map(AdapterConfigObject::of).toList(), more, AdapterConfigObject::id);
  }

  @PostMapping
  AdapterConfigObject create(
      @AuthenticationPrincipal Caller caller,
      HttpServletRequest http,
      @RequestBody AdapterConfigRequest request) {
    String name = RequestFailed.required(request.name(), "name");
    JsonNode adapter = RequestFailed.required(request.adapter(), "adapter");
    String department = caller.departmentId();
    IdempotentRequest submission =
        submission(http, department, "POST /v1/adapter_configs", name, request);
    String id =
        idempotency.once(
            submission, () -> configs.create(department, name, request.description(), adapter));
    return get(caller, id, null);
  }

  /** Returns the JSON Schema of {@code adapter}. */
  @GetMapping("/schema")
  ObjectNode schema() {
    return AdapterSchema.json();
  }

  @GetMapping(CONFIG)
  AdapterConfigObject read(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String config,
      @RequestParam @Nullable String version) {
    return get(caller, config, version == null ? null : number(version));
  }

  private static Integer number(String version) {
    try {
      return Integer.valueOf(version);
    } catch (NumberFormatException e) {
      throw RequestFailed.invalid("version", "must be a whole number");
    }
  }

  private AdapterConfigObject get(Caller caller, String config, @Nullable Integer version) {
    return configs
        .find(caller.departmentId(), config, version)
        .map(AdapterConfigObject::of)
        .orElseThrow(() -> RequestFailed.notFound("adapter configuration", config));
  }

  @GetMapping("/{config}/versions")
  CursorPage<AdapterConfigObject> versions(
      @AuthenticationPrincipal Caller caller, @PathVariable String config) {
    return page(configs.versions(caller.departmentId(), get(caller, config, null).id()), false);
  }

  @PostMapping("/{config}/versions")
  AdapterConfigObject add(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String config,
      HttpServletRequest http,
      @RequestBody AdapterConfigRequest request) {
    JsonNode adapter = RequestFailed.required(request.adapter(), "adapter");
    String department = caller.departmentId();
    String route = "POST /v1/adapter_configs/{config}/versions";
    IdempotentRequest submission = submission(http, department, route, config, request);
    String version =
        idempotency.once(
            submission, () -> configs.add(department, config, request.description(), adapter));
    return get(caller, config, Integer.valueOf(version));
  }

  private static IdempotentRequest submission(
      HttpServletRequest http,
      String department,
      String route,
      String config,
      AdapterConfigRequest request) {
    String body =
        IdempotentRequest.hash(
            config, String.valueOf(request.description()), String.valueOf(request.adapter()));
    return IdempotentRequest.of(http, department, route, body);
  }

  @DeleteMapping(CONFIG)
  DeletedObject delete(@AuthenticationPrincipal Caller caller, @PathVariable String config) {
    String id = get(caller, config, null).id();
    configs.delete(caller.departmentId(), id);
    return new DeletedObject(id, "adapter_config.deleted", true);
  }

  /**
   * A version of a configuration.
   *
   * @param createdAt of this version, in Unix seconds
   * @param adapter the settings as they were given
   * @param resolved the settings with all defaults, as a job would run
   */
  record AdapterConfigObject(
      String object,
      String id,
      String name,
      int version,
      @Nullable String description,
      long createdAt,
      boolean preset,
      JsonNode adapter,
      JsonNode resolved) {
    static AdapterConfigObject of(AdapterConfigVersion config) {
      return new AdapterConfigObject(
          "adapter_config",
          config.id(),
          config.name(),
          config.version(),
          config.description(),
          config.createdAt().getEpochSecond(),
          config.preset(),
          config.adapter(),
          AdapterConfigService.resolved(config));
    }
  }
}
