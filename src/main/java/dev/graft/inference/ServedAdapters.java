package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.Adapters;
import dev.graft.adapters.ModelAliases.ModelAlias;
import dev.graft.adapters.ModelAliases;
import dev.graft.inference.EnginesProperties.Publish;
import dev.graft.tenancy.Department;
import dev.graft.tenancy.Departments;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** What each engine should have at this moment. */
@Component
class ServedAdapters {
  /** One part of a path, wherever it is looked for. */
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:@+-]{0,199}");

  private final Adapters adapters;
  private final ModelAliases aliases;
  private final Departments departments;

  ServedAdapters(Adapters adapters, ModelAliases aliases, Departments departments) {
    this.adapters = adapters;
    this.aliases = aliases;
    this.departments = departments;
  }

  /** By name. A bucket has no aliases: its objects cannot be replaced as one. */
  @Transactional(readOnly = true)
  List<Served> at(EnginesProperties.Server engine) {
    Map<String, Served> served = new TreeMap<>();
    Map<String, Optional<Department>> known = new HashMap<>();
    for (ModelAlias alias : aliases.everywhere()) {
      Optional<Department> department = department(engine, alias.departmentId(), known);
      if (department.isEmpty()) continue;
      adapters
          .named(alias.departmentId(), alias.model())
          .ifPresent(
              adapter -> {
                String name = segment(department.get().name(), department.get().id());
                add(served, engine, name + "/" + alias.name(), adapter);
              });
    }
    if (engine.publish() == Publish.ALL) {
      for (Adapter each : adapters.onBaseModels(engine.models().keySet())) {
        if (department(engine, each.departmentId(), known).isEmpty()) continue;
        add(served, engine, own(each), each);
      }
    }
    return List.copyOf(served.values());
  }

  private static void add(
      Map<String, Served> served, EnginesProperties.Server engine, String name, Adapter adapter) {
    String base = engine.models().get(adapter.baseModel());
    if (base == null) return;
    String called = engine.kind() == EngineKind.S3 ? own(adapter) : name;
    served.put(called, new Served(called, adapter, base));
  }

  private static String own(Adapter adapter) {
    return segment(adapter.name(), adapter.id());
  }

  /** Names of people may hold what a path must not. */
  private static String segment(String name, String id) {
    return PLAIN.matcher(name).matches() ? name : id;
  }

  /** Empty where the engine is not to have its adapters, or it is archived. */
  private Optional<Department> department(
      EnginesProperties.Server engine, String id, Map<String, Optional<Department>> known) {
    return known.computeIfAbsent(
        id,
        unknown ->
            departments
                .get(id)
                .filter(each -> each.archivedAt() == null)
                .filter(
                    each ->
                        engine.departments().isEmpty()
                            || engine.departments().contains(each.name())));
  }
}
