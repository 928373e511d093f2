package dev.graft.artifacts;

import java.util.List;
import java.util.Map;

/** What a module keeps in the store. Every module that names blobs in the database has a bean. */
public interface BlobReferences {
  /** All columns of digests of the module's tables, unless nothing is read by them. */
  List<BlobColumn> columns();

  /** Columns of names under which the store keeps what is no blob, by table. */
  default Map<String, String> kept() {
    return Map.of();
  }
}
