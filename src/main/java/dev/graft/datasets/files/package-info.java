/**
 * OpenAI's Files API: a file in one request.
 *
 * <p>A request's fields are read as they arrive ({@link dev.graft.datasets.files.MultipartForm}):
 * the file goes into the artifact store's staging area, neither to the heap nor to a second copy,
 * and is published only once everything about it is known to be right ({@link
 * dev.graft.datasets.files.CreateFile}).
 *
 * <p>{@link dev.graft.datasets.files.ConvertFile} makes a file of chat rows of one that is there,
 * {@link dev.graft.datasets.files.RemedyFile} one of its rows without what a report finds; both are
 * {@link dev.graft.datasets.files.DerivedFiles}.
 *
 * <p>How it fails: whatever breaks off before that is dropped with its staged bytes, and nothing is
 * stored.
 */
@NullMarked
package dev.graft.datasets.files;

import org.jspecify.annotations.NullMarked;
