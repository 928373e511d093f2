/**
 * Files in, whole, in parts or fetched: streamed, unpacked, validated line by line, named by
 * digest.
 *
 * <p>{@link dev.graft.datasets.StoredFiles} are the files of departments; a {@link
 * dev.graft.datasets.TrainingFile} is one that a job may take. A file is kept and given back as it
 * came. One that is packed or CSV has its rows as a second blob, which is what jobs name and
 * workers read.
 *
 * <p>Ids grow with time, so lists go by id and a cursor may name a file that is gone. Every query
 * names the department; another department's file or upload, or an expired file, is one that does
 * not exist. A job that takes a file locks its row until it commits; a deletion locks it too and
 * then asks every {@link dev.graft.datasets.StoredFiles.FileUse}: neither can overtake the other.
 *
 * <p>How it fails: 413 past a size limit, 429 past what the department may store, 507 on a full
 * disk, 400 on a form that breaks off; each stores nothing. Deleting a file keeps its blob, which
 * others may share.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "spec",
      "platform",
      "platform :: database",
      "platform :: work",
      "text",
      "artifacts",
      "artifacts :: hub",
      "tenancy"
    })
package dev.graft.datasets;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
