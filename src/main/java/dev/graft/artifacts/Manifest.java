package dev.graft.artifacts;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The files of one result, by relative path: a directory as content. Its canonical JSON is itself a
 * blob. Throws {@link InvalidManifest} for a path that could leave the directory.
 */
public record Manifest(SortedMap<String, BlobRef> files) {
  public Manifest {
    files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
    ManifestPaths.check(files.keySet());
  }

  /**
   * Canonical: sorted keys, no white space, UTF-8; equal directories give equal bytes. At most 4
   * MiB, of at most 10,000 files, which is what everybody reads; throws {@link InvalidManifest} for
   * more.
   */
  public byte[] toJson() {
    return ManifestJson.write(this);
  }

  /**
   * Reads what {@link #toJson} wrote, byte for byte; refuses anything else, and unsafe paths
   * (absolute, {@code ..}, empty), with {@link InvalidManifest}.
   */
  public static Manifest parse(byte[] json) {
    return ManifestJson.read(json);
  }

  /** The size of all files together. */
  public long bytes() {
    return files.values().stream().mapToLong(BlobRef::bytes).reduce(0, Math::addExact);
  }
}
