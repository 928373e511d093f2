/**
 * How long files stay.
 *
 * <p>{@link dev.graft.datasets.retention.FileRetention} removes files and uploads that have
 * expired, {@link dev.graft.datasets.retention.RetainedDatasets} those that their department keeps
 * no longer; {@link dev.graft.datasets.retention.FileBlobs} names the blobs that files need
 * meanwhile.
 *
 * <p>How it fails: what an unfinished job uses stays until a later sweep; any number of servers may
 * sweep at once.
 */
@NullMarked
@NamedInterface("retention")
package dev.graft.datasets.retention;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
