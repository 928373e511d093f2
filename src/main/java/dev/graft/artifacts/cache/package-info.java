/**
 * Copies of another store's blobs on this machine, within bounds: {@link
 * dev.graft.artifacts.cache.BlobCache} fetches, and evicts what has not been used for longest. A
 * {@link dev.graft.artifacts.cache.BlobUse} keeps what one reader has from eviction until it is
 * closed, by a second link to each file. What does not fit is a {@link
 * dev.graft.artifacts.StorageFull} and evicts nothing.
 */
@NullMarked
@NamedInterface("cache")
package dev.graft.artifacts.cache;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
