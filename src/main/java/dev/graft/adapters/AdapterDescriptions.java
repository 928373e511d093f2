package dev.graft.adapters;

import dev.graft.artifacts.Manifest;
import dev.graft.tenancy.Department;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.RetentionKind;
import dev.graft.tenancy.RetentionNotices;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Adapters as they are answered. */
@Component
class AdapterDescriptions {
  private final AdapterFiles files;
  private final CompatibilityReport compatibility;
  private final Departments departments;
  private final RetentionNotices notices;
  private final JsonMapper json;

  AdapterDescriptions(
      AdapterFiles files,
      CompatibilityReport compatibility,
      Departments departments,
      RetentionNotices notices,
      JsonMapper json) {
    this.files = files;
    this.compatibility = compatibility;
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
    Map<String, String> owners = new HashMap<>();
    List<AdapterResource> described = new ArrayList<>();
    for (Adapter adapter : adapters) {
      Manifest manifest = files.manifest(adapter);
      String metadata = adapter.origin().metadata();
      described.add(
          AdapterResource.of(
              adapter,
              owners.computeIfAbsent(
                  adapter.departmentId(),
                  id -> departments.get(id).map(Department::name).orElse("")),
              new AdapterResource.Settings(
                  adapter.method(),
                  json.readTree(adapter.configuration()),
                  metadata == null ? null : json.readTree(metadata)),
              AdapterResource.Content.of(files.archive(adapter), manifest),
              compatibility.of(adapter, manifest),
              deleteAt.get(adapter.id())));
    }
    return described;
  }
}
