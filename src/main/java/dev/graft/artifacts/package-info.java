/**
 * Content-addressed blobs. A blob's name is the SHA-256 of its bytes; it is absent or whole, never
 * partial, and never changes. {@link dev.graft.artifacts.FileArtifactStore} keeps it as {@code
 * blobs/sha256/ab/cdef...}: content is staged in a temporary file of the same file system, written
 * to its end, flushed to disk, read back and compared, then published by a hard link, which (unlike
 * a rename) creates and never replaces, and the directory is flushed. A directory as content is a
 * {@link dev.graft.artifacts.Manifest}, whose canonical JSON is again a blob.
 *
 * <p>Content that is still arriving, such as a part of an upload, is kept under a name of its own,
 * equally durable, until the module that named it drops it. It has no digest, so that it cannot be
 * shared.
 *
 * <p>{@link dev.graft.artifacts.S3ArtifactStore} keeps the same in a bucket, for several servers:
 * content is staged in a file of the machine, then put under its digest by a conditional request
 * that carries it, whole or in parts that become visible together. A second publication leaves no
 * trace in the bucket, so {@link dev.graft.artifacts.Publications} record in the database whether a
 * blob was published again before it is removed.
 *
 * <p>A worker's store holds copies of another's blobs, within bounds ({@link
 * dev.graft.artifacts.BlobCache}). A blob is in use while there is a second link to its file.
 *
 * <p>How it fails: a full disk throws {@link dev.graft.artifacts.StorageFull}, content that differs
 * from its announcement {@link dev.graft.artifacts.BlobMismatch}, content past its limit {@link
 * dev.graft.artifacts.BlobTooLarge}; each leaves nothing behind. A killed process leaves temporary
 * files; the next store that opens the directory removes them, and knows them by their dead owner's
 * file lock, not by their age, so that several processes may share one directory. A blob that is
 * removed may be published again at the same time ({@link
 * dev.graft.artifacts.ArtifactStore#delete}). Modules declare the blobs that they need by {@link
 * dev.graft.artifacts.NamedBlobs.BlobReferences}.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"platform", "platform :: database"})
package dev.graft.artifacts;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
