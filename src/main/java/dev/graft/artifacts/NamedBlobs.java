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
 * Finds all blobs that rows name, directly or by a manifest, and the columns that name them. Needs
 * about 300 bytes of memory per blob.
 */
@Component
public class NamedBlobs {
  private final JdbcClient sql;
  private final ArtifactStore store;

  /** One statement, so that a digest that moves from one row to another is not missed. */
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

  /**
   * The columns that name each blob, directly or by a manifest, and the blobs that are manifests.
   */
  record Names(Map<Digest, Set<String>> by, Set<Digest> manifests) {
    void add(Digest digest, String column) {
      by.computeIfAbsent(digest, none -> new TreeSet<>()).add(column);
    }
  }

  private record Named(String by, Digest digest, boolean manifest) {}

  /** Lists the files of a manifest. */
  @FunctionalInterface
  private interface Manifests {
    Set<Digest> filesOf(Digest manifest) throws IOException;
  }

  /**
   * Returns all blobs that are needed.
   *
   * @throws IllegalStateException if a manifest cannot be read
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

  /** Returns all named blobs; a missing or invalid manifest names none. */
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
   * A column that names blobs. Blobs that no column names are deleted.
   *
   * @param where SQL condition for the rows that need their blob; null where the column is null in
   *     all rows
   */
  public record BlobColumn(String table, String column, BlobColumn.Names names, String where) {
    /** The kind of content that the digests name. */
    public enum Names {
      BLOB,
      /** Its files count too. */
      MANIFEST
    }

    /** All rows need their blob. */
    public BlobColumn(String table, String column, Names names) {
      this(table, column, names, "true");
    }

    /** Selects the needed digests, and whether they are of manifests. */
    public String select() {
      return "select %2$s as digest, %3$s as manifest from %1$s where %2$s is not null and (%4$s)"
          .formatted(table, column, names == Names.MANIFEST, where);
    }
  }

  /** Declares the blobs of a module. Every module that names blobs in the database has a bean. */
  public interface BlobReferences {
    /** Returns all columns of the module's tables by whose digests blobs are read. */
    List<NamedBlobs.BlobColumn> columns();

    /** Returns, by table, the columns with names under which the store keeps content. */
    default Map<String, String> kept() {
      return Map.of();
    }
  }
}
