package dev.graft.tenancy;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobColumn;
import dev.graft.artifacts.BlobMissing;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.BlobReferences;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.InvalidManifest;
import dev.graft.artifacts.ManifestDirectory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** What a department has in the store. */
@Component
class DepartmentContent {
  private final JdbcClient sql;
  private final ArtifactStore store;
  private final List<BlobColumn> columns;
  private final Map<String, String> kept = new HashMap<>();

  DepartmentContent(JdbcClient sql, ArtifactStore store, List<BlobReferences> modules) {
    this.sql = sql;
    this.store = store;
    this.columns = modules.stream().flatMap(each -> each.columns().stream()).distinct().toList();
    modules.forEach(each -> kept.putAll(each.kept()));
  }

  /** The column of names under which the store keeps things of this table, if there is one. */
  @Nullable String keptBy(String table) {
    return kept.get(table);
  }

  void drop(String name) throws IOException {
    store.drop(name);
  }

  boolean has(BlobRef blob) throws IOException {
    return store.stat(blob.sha256()).isPresent();
  }

  /**
   * Every blob in the store that a row of the department names, itself or by a manifest, whether it
   * is still needed or not; but for base models, which are the organisation's.
   */
  List<BlobRef> of(String departmentId, List<DepartmentTables.Part> parts) throws IOException {
    Map<String, String> where =
        parts.stream()
            .collect(
                Collectors.toMap(
                    DepartmentTables.Part::table, part -> part.where(), (one, same) -> one));
    Set<Digest> own = new HashSet<>();
    Set<Digest> others = new HashSet<>();
    for (BlobColumn column : columns) {
      String rows = where.get(column.table());
      (rows == null ? others : own).addAll(named(column, rows, departmentId));
    }
    own.removeAll(others);
    List<BlobRef> found = new ArrayList<>();
    for (Digest each : own) store.stat(each).ifPresent(found::add);
    return found;
  }

  private Set<Digest> named(BlobColumn column, @Nullable String rows, String department)
      throws IOException {
    String which = rows == null ? "true" : rows;
    BlobColumn all = new BlobColumn(column.table(), column.column(), column.names(), which);
    var statement = sql.sql("select distinct digest from (" + all.select() + ") named");
    if (rows != null) statement = statement.param("department", department);
    Set<Digest> named = new HashSet<>();
    for (Digest digest : statement.query((row, n) -> new Digest(row.getString(1))).list()) {
      named.add(digest);
      if (column.names() == BlobColumn.Names.MANIFEST) named.addAll(filesOf(digest));
    }
    return named;
  }

  /** A manifest that is not there, or is none, names nothing. */
  private Set<Digest> filesOf(Digest manifest) throws IOException {
    try {
      return ManifestDirectory.read(store, manifest).files().values().stream()
          .map(BlobRef::sha256)
          .collect(Collectors.toSet());
    } catch (BlobMissing | InvalidManifest none) {
      return Set.of();
    }
  }
}
