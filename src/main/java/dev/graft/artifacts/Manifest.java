package dev.graft.artifacts;

import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of one result, by relative path: a directory as content. Its canonical JSON is itself a
 * blob.
 */
public record Manifest(SortedMap<String, BlobRef> files) {
  public Manifest {
    files = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(files));
  }

  /** Canonical: sorted keys, no white space, UTF-8; equal directories give equal bytes. */
  public byte[] toJson() {
    throw new UnsupportedOperationException("owner: artifacts");
  }

  /** Reads what {@link #toJson} wrote; refuses unsafe paths (absolute, {@code ..}, empty). */
  public static Manifest parse(byte[] json) {
    throw new UnsupportedOperationException("owner: artifacts");
  }
}
