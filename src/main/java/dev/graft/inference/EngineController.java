package dev.graft.inference;

import dev.graft.platform.EveryDepartment;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** The status of the configured engines, and the department's models on them. */
@RestController
class EngineController {
  private final ConfiguredEngines engines;
  private final Engines checks;

  EngineController(ConfiguredEngines engines, Engines checks) {
    this.engines = engines;
    this.checks = checks;
  }

  /**
   * @param object always {@code list}
   */
  record EngineList(String object, List<EngineObject> data) {}

  @GetMapping("/v1/engines")
  EngineList list(@AuthenticationPrincipal Caller caller) {
    Map<String, Engine> found =
        EveryDepartment.call(checks::findAll).stream()
            .collect(Collectors.toMap(Engine::name, Function.identity()));
    List<EngineObject> all =
        engines.all().entrySet().stream()
            .map(
                each ->
                    EngineObject.of(
                        each.getKey(),
                        each.getValue().kind(),
                        found.get(each.getKey()),
                        caller.departmentId()))
            .toList();
    return new EngineList("list", all);
  }

  @GetMapping("/v1/engines/{engine}")
  EngineObject get(@AuthenticationPrincipal Caller caller, @PathVariable String engine) {
    ConfiguredEngines.EnginesProperties.Server server = engines.all().get(engine);
    if (server == null) throw RequestFailed.notFound("engine", engine);
    Engine found = EveryDepartment.call(() -> checks.findById(engine)).orElse(null);
    return EngineObject.of(engine, server.kind(), found, caller.departmentId());
  }

  /**
   * An engine as a department sees it.
   *
   * @param object always {@code engine}
   * @param kind {@code vllm}, {@code directory} or {@code s3}
   * @param status {@code ready}, {@code degraded}, {@code unreachable}, or {@code unchecked}
   * @param error why it is not ready
   * @param checkedAt Unix time in seconds; null before the first check
   * @param since when its status last changed
   * @param models of the department that it should have
   */
  record EngineObject(
      String id,
      String object,
      String kind,
      String status,
      @Nullable String error,
      @Nullable Long checkedAt,
      @Nullable Long since,
      List<Model> models) {
    /** One of the department's models there. */
    record Model(String name, String model, String status, @Nullable String error) {
      static Model of(EngineSync.FoundModel found) {
        return new Model(found.name(), found.model(), found.status(), found.error());
      }
    }

    static EngineObject of(
        String name, ConfiguredEngines.EngineKind kind, @Nullable Engine row, String departmentId) {
      if (row == null) {
        return new EngineObject(
            name, "engine", kind.wire(), "unchecked", null, null, null, List.of());
      }
      return new EngineObject(
          name,
          "engine",
          kind.wire(),
          row.status(),
          row.error(),
          row.checkedAt().getEpochSecond(),
          row.since().getEpochSecond(),
          row.models().stream()
              .filter(each -> each.departmentId().equals(departmentId))
              .map(Model::of)
              .toList());
    }
  }
}
