package dev.graft.artifacts;

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
