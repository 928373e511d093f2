/**
 * Files that a server fetches itself: of data sets on the hub, and of S3 buckets.
 *
 * <p>An administrator lists what departments may import from ({@link
 * dev.graft.datasets.imports.SourceProperties}); nobody else names a host. An import is leased work
 * ({@link dev.graft.datasets.imports.FileImportWork}): its source is pinned, its bytes are
 * announced to the quota, and what has been fetched lies in the data directory until it is a file,
 * so that the next try goes on there. What it becomes is recorded and validated as an uploaded file
 * is, and names the import as its {@code parent}.
 *
 * <p>How it fails: what another try does not change ends an import with a sentence; what may pass
 * is tried again. A server that was lost leaves its claim, and the next begins with the bytes that
 * are on its own disk.
 */
@NullMarked
package dev.graft.datasets.imports;

import org.jspecify.annotations.NullMarked;
