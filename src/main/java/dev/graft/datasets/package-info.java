/**
 * Files in: streamed, validated line by line, named by digest.
 *
 * <p>An upload's parts are read as they arrive ({@link dev.graft.datasets.FileUpload}): the file
 * goes into the artifact store's staging area, neither to the heap nor to a second copy, and is
 * published only once everything about it is known to be right. Up to {@code
 * graft.files.validate-inline} it is validated before the upload is answered: a bad one is refused
 * with 400 and the lines in {@code errors[]}, and nothing is stored. A larger one is answered with
 * status {@code uploaded} and validated after, to status {@code processed} or {@code error}, the
 * latter with the first problem in {@code status_details} and up to a hundred in {@code errors};
 * what a stopped server left is finished at the next start.
 *
 * <p>Ids grow with time, so lists go by id and a cursor may name a file that is gone. Every query
 * names the department; another department's file, or an expired one, is one that does not exist. A
 * job that takes a file locks its row until it commits; a deletion locks it too and then asks every
 * {@link dev.graft.datasets.FileUse}: neither can overtake the other.
 *
 * <p>How it fails: 413 past {@code graft.files.max-size}, 507 on a full disk, 400 on a form that
 * breaks off; each stores nothing. Deleting a file keeps its blob, which others may share.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"platform", "spec", "text", "tenancy", "artifacts", "catalog"})
package dev.graft.datasets;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
