/**
 * Archives of a model's directory, read as hostile input.
 *
 * <p>{@link dev.graft.catalog.archive.ModelArchive} tells tar, tar.gz and zip by their first bytes
 * and reads them from front to back, so that no table of an archive is held in memory. {@code
 * Unpacking} makes regular files of plain names only, and no more bytes than the archive can
 * honestly hold and the disk has room for; {@code MeteredInput} bounds what lies between files.
 *
 * <p>How it fails: {@link dev.graft.catalog.archive.ArchiveRefused} names the file in the archive;
 * what was written stays for whoever gave the directory.
 */
@NullMarked
package dev.graft.catalog.archive;

import org.jspecify.annotations.NullMarked;
