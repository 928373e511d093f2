/**
 * OpenAI's Uploads API: a large file in parts.
 *
 * <p>An upload books its bytes when it begins ({@link dev.graft.datasets.uploads.Uploads}). The row
 * of a part is written before its bytes are kept under the part's id, so that whatever dies when,
 * no bytes are left that no row knows of. {@link dev.graft.datasets.uploads.CompleteUpload} copies
 * the parts in the order asked for.
 *
 * <p>How it fails: completing is the same completion when asked for again, and leaves the upload
 * pending where it is refused.
 */
@NullMarked
package dev.graft.datasets.uploads;

import org.jspecify.annotations.NullMarked;
