package dev.graft.inference;

import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Whether the engines of the settings are well, and what they have of the department's models. */
@RestController
class EngineController {
  private final Engines engines;
  private final EngineRows rows;

  EngineController(Engines engines, EngineRows rows) {
    this.engines = engines;
    this.rows = rows;
  }

  /**
   * @param object always {@code list}
   */
  record EngineList(String object, List<EngineObject> data) {}

  @GetMapping("/v1/engines")
  EngineList list(@AuthenticationPrincipal Caller caller) {
    Map<String, EngineRows.Row> found =
        rows.all().stream().collect(Collectors.toMap(EngineRows.Row::name, Function.identity()));
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
    EnginesProperties.Server server = engines.all().get(engine);
    if (server == null) throw RequestFailed.notFound("engine", engine);
    return EngineObject.of(
        engine, server.kind(), rows.find(engine).orElse(null), caller.departmentId());
  }
}
