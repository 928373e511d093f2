/**
 * Files in, whole or in parts: streamed, unpacked, validated line by line, named by digest.
 *
 * <p>A request's fields are read as they arrive ({@link dev.graft.datasets.MultipartForm}): the
 * file goes into the artifact store's staging area, neither to the heap nor to a second copy, and
 * is published only once everything about it is known to be right. Up to {@code
 * graft.files.validate-inline} it is validated before the upload is answered: a bad one is refused
 * with 400 and the lines in {@code errors[]}, and nothing is stored. A larger one is answered with
 * status {@code uploaded} and validated after, to status {@code processed} or {@code error}, the
 * latter with the first problem in {@code status_details} and up to a hundred in {@code errors};
 * what a stopped server left is finished at the next start.
 *
 * <p>A file is kept and given back as it came. One that is packed or CSV has its rows as a second
 * blob ({@link dev.graft.datasets.TrainingRows}), which is what jobs name and workers read.
 *
 * <p>An upload in parts ({@link dev.graft.datasets.Uploads}) books its bytes when it begins. The
 * row of a part is written before its bytes are kept under the part's id, so that whatever dies
 * when, no bytes are left that no row knows of. Completing copies the parts in the order asked for;
 * it is the same completion when asked for again, and leaves the upload pending where it is
 * refused.
 *
 * <p>Ids grow with time, so lists go by id and a cursor may name a file that is gone. Every query
 * names the department; another department's file or upload, or an expired file, is one that does
 * not exist. A job that takes a file locks its row until it commits; a deletion locks it too and
 * then asks every {@link dev.graft.datasets.FileUse}: neither can overtake the other. {@link
 * dev.graft.datasets.FileRetention} removes what has expired, {@link
 * dev.graft.datasets.RetainedDatasets} what its department keeps no longer.
 *
 * <p>How it fails: 413 past a size limit, 429 past what the department may store, 507 on a full
 * disk, 400 on a form that breaks off; each stores nothing. Deleting a file keeps its blob, which
 * others may share.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "spec",
      "text",
      "tenancy",
      "retention",
      "artifacts",
      "catalog"
    })
package dev.graft.datasets;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
