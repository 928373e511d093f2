/**
 * The sweep of blobs that nothing needs.
 *
 * <p>{@link dev.graft.retention.blobs.BlobCollector} deletes those that no row of any module has
 * needed for a day ({@link dev.graft.artifacts.BlobReferences}); {@link
 * dev.graft.retention.blobs.UnreferencedBlobs} remembers since when.
 *
 * <p>How it fails: a sweep that is not sure what is needed deletes nothing; one that is killed has
 * deleted what it has, and the next begins anew.
 */
@NullMarked
@NamedInterface("blobs")
package dev.graft.retention.blobs;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
