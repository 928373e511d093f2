package dev.graft.artifacts;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * All blobs that rows name, themselves or by a manifest, and by which columns. Takes memory of some
 * 300 bytes a blob.
 */
@Component
public class NamedBlobs {
  private final JdbcClient sql;
  private final ArtifactStore store;

  /** One statement sees one moment, so no digest is missed on its way from one row to another. */
  private final String columns;

  NamedBlobs(JdbcClient sql, ArtifactStore store, List<BlobReferences> modules) {
    this.sql = sql;
    this.store = store;
    this.columns =
        modules.stream()
            .flatMap(module -> module.columns().stream())
            .map(NamedBlobs::select)
            .collect(Collectors.joining("\nunion\n"));
  }

  private static String select(BlobColumn column) {
    return "select '%s.%s' as named_by, named.* from (%s) named"
        .formatted(column.table(), column.column(), column.select());
  }

  /** Which columns name each, itself or by a manifest, and what must be a manifest. */
  record Names(Map<Digest, Set<String>> by, Set<Digest> manifests) {
    void add(Digest digest, String column) {
      by.computeIfAbsent(digest, none -> new TreeSet<>()).add(column);
    }
  }

  private record Named(String by, Digest digest, boolean manifest) {}

  /** What a manifest names. */
  @FunctionalInterface
  private interface Manifests {
    Set<Digest> filesOf(Digest manifest) throws IOException;
  }

  /**
   * What anything needs.
   *
   * @throws IllegalStateException if it cannot be told what a manifest names
   */
  Set<Digest> needed() throws IOException {
    return names(
            manifest -> {
              try {
                return filesOf(manifest);
              } catch (IOException | Manifest.InvalidManifest unreadable) {
                throw new IllegalStateException(
                    "the manifest " + manifest + " cannot be read, so nothing is deleted",
                    unreadable);
              }
            })
        .by()
        .keySet();
  }

  /** A manifest that is not there, or is none, names nothing. */
  Names now() throws IOException {
    return names(
        manifest -> {
          try {
            return filesOf(manifest);
          } catch (BlobMissing | Manifest.InvalidManifest atFault) {
            return Set.of();
          }
        });
  }

  private Names names(Manifests manifests) throws IOException {
    List<Named> rows =
        sql.sql(columns)
            .query(
                (row, n) ->
                    new Named(row.getString(1), new Digest(row.getString(2)), row.getBoolean(3)))
            .list();
    Names names = new Names(new HashMap<>(), new HashSet<>());
    Map<Digest, Set<Digest>> files = new HashMap<>();
    for (Named row : rows) {
      names.add(row.digest(), row.by());
      if (!row.manifest()) continue;
      if (names.manifests().add(row.digest())) {
        files.put(row.digest(), manifests.filesOf(row.digest()));
      }
      files.getOrDefault(row.digest(), Set.of()).forEach(file -> names.add(file, row.by()));
    }
    return names;
  }

  private Set<Digest> filesOf(Digest manifest) throws IOException {
    return ManifestDirectory.read(store, manifest).files().values().stream()
        .map(BlobRef::sha256)
        .collect(Collectors.toSet());
  }

  /**
   * A column that names blobs, and in which rows it counts: what none of them names is deleted.
   *
   * @param where of the rows that need their blob, as SQL; null names nothing anywhere
   */
  public record BlobColumn(String table, String column, BlobColumn.Names names, String where) {
    /** What a digest there is of. */
    public enum Names {
      BLOB,
      /** Its files count too. */
      MANIFEST
    }

    /** Counts in all rows. */
    public BlobColumn(String table, String column, Names names) {
      this(table, column, names, "true");
    }

    /** Every digest it needs, and whether it is of a manifest. */
    public String select() {
      return "select %2$s as digest, %3$s as manifest from %1$s where %2$s is not null and (%4$s)"
          .formatted(table, column, names == Names.MANIFEST, where);
    }
  }

  /** What a module keeps in the store. Every module that names blobs in the database has a bean. */
  public interface BlobReferences {
    /** All columns of digests of the module's tables, unless nothing is read by them. */
    List<NamedBlobs.BlobColumn> columns();

    /** Columns of names under which the store keeps what is no blob, by table. */
    default Map<String, String> kept() {
      return Map.of();
    }
  }
}
