package dev.graft.tenancy;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * The tables with rows of a department, as the catalog of PostgreSQL has them: a table that is new
 * is erased, too. Such a table has a column {@code department_id} or a key of {@code department},
 * or its rows belong to such rows by a foreign key.
 */
@Component
class DepartmentTables {
  /** Have departments, and stay. */
  static final Set<String> KEPT = Set.of("audit_log", "department_erasure");

  static final String DEPARTMENT = "department";

  /** What is worked at for the department; without its row no work writes a result. */
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

  DepartmentTables(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * A table and its rows of {@code :department}.
   *
   * @param where as SQL
   */
  record Part(String table, String where) {}

  private record Key(String part, String whole, int width, String key, String id) {}

  /** What refers to rows comes before these; the department itself is the last. */
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

  /** By the table's own columns. */
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
      if (free.isEmpty()) throw new IllegalStateException("keys in a circle: " + left.keySet());
      left.keySet().removeAll(free.keySet());
      free.forEach((table, rows) -> sorted.add(new Part(table, rows)));
    }
    return sorted;
  }
}
