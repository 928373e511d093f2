/**
 * A bucket of an S3 server: objects put whole or not at all, read in ranges, listed in pages. What
 * its objects are is said by {@link dev.graft.artifacts.S3ArtifactStore}.
 *
 * <p>An object is put by one request up to {@code multipart-threshold}, else in parts that nobody
 * sees until the last request joins them; each request carries the SHA-256 of its bytes, which the
 * server compares. Puts are conditional: one writer wins, the others learn that it is there.
 *
 * <p>How it fails: what the server refuses is an {@link dev.graft.artifacts.s3.S3Failure} with its
 * status and code, an absent object a {@code NoSuchFileException}. A killed process leaves parts,
 * which {@link dev.graft.artifacts.s3.S3Bucket#abortUnfinished} removes by their age. A bucket that
 * cannot be used is a {@code MachineLacks} when it is opened.
 */
@NullMarked
@NamedInterface("s3")
package dev.graft.artifacts.s3;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
