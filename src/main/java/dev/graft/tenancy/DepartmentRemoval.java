package dev.graft.tenancy;

import static java.util.stream.Collectors.joining;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobMissing;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.Manifest.InvalidManifest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import dev.graft.platform.Idempotency;
import dev.graft.tenancy.DepartmentRemoval.Tables.Part;
import dev.graft.tenancy.Erasures.Erasure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Deletes the rows of a department, each batch in the caller's transaction. */
@Component
class DepartmentRemoval {
  private static final int BATCH = 1_000;

  /**
   * Removes names and details from audit log entries. The database allows this only while their
   * department is being erased. Actors and department ids are kept as evidence.
   */
  private static final String PSEUDONYMIZE =
      """
      update audit_log
         set department_name = null, details = '{"erased": true}',
             resource_id = case when type ~ '^(project|user|api_key|service_account|login|logout)[.]'
                                then resource_id
                                else 'erased-' || left(encode(sha256(convert_to(
                                       :salt || resource_id, 'UTF8')), 'hex'), 24) end
       where (id, effective_at) in
             (select id, effective_at from audit_log
               where department_id = :department
                 and (department_name is not null or details <> '{"erased": true}')
               limit :most)
      """;

  private final JdbcClient sql;
  private final Content content;
  private final Erasures erasures;
  private final AuditLog audit;
  private final Idempotency idempotency;
  private final ApplicationEventPublisher events;

  DepartmentRemoval(
      JdbcClient sql,
      Content content,
      Erasures erasures,
      AuditLog audit,
      Idempotency idempotency,
      ApplicationEventPublisher events) {
    this.sql = sql;
    this.content = content;
    this.erasures = erasures;
    this.audit = audit;
    this.idempotency = idempotency;
    this.events = events;
  }

  /** Asks all jobs to end, and returns whether all have ended. */
  boolean stop(Erasure erasure) {
    events.publishEvent(new Departments.DepartmentErasing(erasure.departmentId()));
    return sql.sql(
            "select not exists (select from job where department_id = :department and finished_at"
                + " is null)")
        .param("department", erasure.departmentId())
        .query(Boolean.class)
        .single();
  }

  /** Deletes a batch of rows and returns their number; 0 = none are left. */
  int batch(Erasure erasure, Part part) {
    String name = content.keptBy(part.table());
    List<String> gone =
        sql.sql(
                """
                delete from %1$s
                 where ctid = any(array(select ctid from %1$s where %2$s limit :most))
                   and %2$s -- a ctid is unique only within a partition
                returning %3$s
                """
                    .formatted(part.table(), part.where(), name == null ? "''" : name))
            .param("department", erasure.departmentId())
            .param("most", BATCH)
            .query((row, n) -> row.getString(1))
            .list();
    if (name != null) gone.forEach(this::drop);
    if (!gone.isEmpty()) erasures.counted(erasure.id(), part.table(), gone.size());
    return gone.size();
  }

  /** Drops the stored content before the row's deletion commits; a retry drops it again. */
  private void drop(String name) {
    try {
      content.drop(name);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Removes names and details from a batch of audit log entries and returns their number. */
  int entries(Erasure erasure) {
    return sql.sql(PSEUDONYMIZE)
        .param("department", erasure.departmentId())
        .param("salt", String.valueOf(erasure.salt()))
        .param("most", BATCH)
        .update();
  }

  /** Deletes rows that were added meanwhile, then the department. */
  void last(Erasure erasure, List<Part> parts) {
    sql.sql("select true from department where id = :department for update")
        .param("department", erasure.departmentId())
        .query(Boolean.class)
        .optional();
    for (Part part : parts) while (batch(erasure, part) > 0) continue;
    while (entries(erasure) > 0) continue;
    idempotency.forget(erasure.departmentId());
    events.publishEvent(new DepartmentErased(erasure.departmentId()));
    erasures.rowsDeleted(erasure.id());
    audit.write(
        "project.erased",
        null,
        erasure.departmentId(),
        erasure.departmentId(),
        Map.of("erasure", erasure.id()));
  }

  long entriesKept(Erasure erasure) {
    return sql.sql("select count(*) from audit_log where department_id = :department")
        .param("department", erasure.departmentId())
        .query(Long.class)
        .single();
  }

  /** The content of a department in the artifact store. */
  @Component
  static class Content {
    private final JdbcClient sql;
    private final ArtifactStore store;
    private final List<BlobColumn> columns;
    private final Map<String, String> kept = new HashMap<>();

    Content(JdbcClient sql, ArtifactStore store, List<BlobReferences> modules) {
      this.sql = sql;
      this.store = store;
      this.columns = modules.stream().flatMap(each -> each.columns().stream()).distinct().toList();
      modules.forEach(each -> kept.putAll(each.kept()));
    }

    /** Returns the column with the names of this table's things in the store, if it has one. */
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
     * Lists the blobs in the store that the department's rows refer to, directly or by a manifest,
     * needed or not. Blobs of base models, which belong to the organisation, are left out.
     */
    List<BlobRef> of(String departmentId, List<Tables.Part> parts) throws IOException {
      Map<String, String> where =
          parts.stream()
              .collect(
                  Collectors.toMap(Tables.Part::table, part -> part.where(), (one, same) -> one));
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

    /** Lists the files of a manifest; none if it is missing or invalid. */
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

  /**
   * Finds the tables with rows of a department in PostgreSQL's catalog, so that new tables are
   * erased, too. Such a table has a column {@code department_id} or a foreign key to {@code
   * department}, or its rows refer to rows of such a table.
   */
  @Component
  static class Tables {
    /** Tables whose rows are kept. */
    static final Set<String> KEPT = Set.of("audit_log", "department_erasure");

    static final String DEPARTMENT = "department";

    /** Deleted first: without a row here, no running work can write a result. */
    private static final String WORK = "leased_work";

    private static final String OWN =
        """
        select c.relname as name, a.attname as own from pg_class c
          join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p')
           and not c.relispartition
           and (a.attname = 'department_id' or c.relname = 'department' and a.attname = 'id'
                or exists (select from pg_constraint k
                            where k.contype = 'f' and k.conrelid = c.oid
                              and k.confrelid = 'department'::regclass and a.attnum = any(k.conkey)))
         order by 1, 2
        """;

    private static final String KEYS =
        """
        select c.relname as part, p.relname as whole, cardinality(k.conkey) as width,
               (select attname from pg_attribute where attrelid = c.oid and attnum = k.conkey[1]) as key,
               (select attname from pg_attribute where attrelid = p.oid and attnum = k.confkey[1]) as id
          from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class p on p.oid = k.confrelid
         where k.contype = 'f' and k.connamespace = current_schema()::regnamespace
           and not c.relispartition and c.oid <> p.oid
         order by 1, 2, 4
        """;

    private final JdbcClient sql;

    Tables(JdbcClient sql) {
      this.sql = sql;
    }

    /**
     * A table with rows of {@code :department}.
     *
     * @param where SQL condition that selects these rows
     */
    record Part(String table, String where) {}

    private record Key(String part, String whole, int width, String key, String id) {}

    /** Lists the tables, each before those that it refers to; the department is the last. */
    List<Part> inOrder() {
      List<Key> keys =
          sql.sql(KEYS)
              .query(
                  (row, n) ->
                      new Key(
                          row.getString("part"),
                          row.getString("whole"),
                          row.getInt("width"),
                          row.getString("key"),
                          row.getString("id")))
              .list();
      Map<String, String> where = own();
      while (keys.stream().anyMatch(key -> isPart(key, where))) {
        for (Key key : keys) {
          if (isPart(key, where)) {
            String whole = where.getOrDefault(key.whole(), "false");
            where.put(
                key.part(),
                "%s in (select %s from %s where %s)"
                    .formatted(key.key(), key.id(), key.whole(), whole));
          }
        }
      }
      return sorted(where, keys);
    }

    /** Returns the conditions of the tables that refer to the department themselves. */
    private Map<String, String> own() {
      Map<String, List<String>> columns = new TreeMap<>();
      sql.sql(OWN)
          .query(
              row -> {
                columns
                    .computeIfAbsent(row.getString("name"), none -> new ArrayList<>())
                    .add(row.getString("own"));
              });
      Map<String, String> where = new TreeMap<>();
      columns.forEach(
          (table, names) ->
              where.put(
                  table,
                  names.stream()
                      .map(each -> each + " = :department")
                      .collect(joining(" or ", "(", ")"))));
      where.keySet().removeAll(KEPT);
      return where;
    }

    private static boolean isPart(Key key, Map<String, String> where) {
      return key.width() == 1 && where.containsKey(key.whole()) && !where.containsKey(key.part());
    }

    private static List<Part> sorted(Map<String, String> where, List<Key> keys) {
      Map<String, String> left = new TreeMap<>(where);
      List<Part> sorted = new ArrayList<>();
      sorted.add(new Part(WORK, left.getOrDefault(WORK, "false")));
      left.remove(WORK);
      while (!left.isEmpty()) {
        Map<String, String> free = new TreeMap<>(left);
        for (Key key : keys) if (left.containsKey(key.part())) free.remove(key.whole());
        if (free.isEmpty())
          throw new IllegalStateException("Foreign keys form a circle: " + left.keySet());
        left.keySet().removeAll(free.keySet());
        free.forEach((table, rows) -> sorted.add(new Part(table, rows)));
      }
      return sorted;
    }
  }

  /** Published in the transaction that deletes the department's last row. */
  record DepartmentErased(String departmentId) {}
}
