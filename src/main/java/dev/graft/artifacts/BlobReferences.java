package dev.graft.artifacts;

import java.util.List;

/** What a module keeps in the store. Every module that names blobs in the database has a bean. */
public interface BlobReferences {
  /** All columns of digests of the module's tables, unless nothing is read by them. */
  List<BlobColumn> columns();
}
