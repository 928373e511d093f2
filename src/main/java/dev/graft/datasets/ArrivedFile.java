package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import org.jspecify.annotations.Nullable;

/**
 * The published content of a file that is not recorded yet.
 *
 * @param checked what its validation found, or null if that is still to come
 */
record ArrivedFile(BlobRef blob, @Nullable CheckedFile checked) {}
