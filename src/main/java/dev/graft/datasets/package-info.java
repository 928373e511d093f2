/**
 * Files, which are uploaded whole or in parts, or fetched: streamed, unpacked, validated line by
 * line, named by digest.
 *
 * <p>{@link dev.graft.datasets.StoredFiles} are the files of departments; a {@link
 * dev.graft.datasets.TrainingFile} is one that a job can train on. A file is stored and downloaded
 * unchanged. The rows of a packed, Parquet or CSV file are a second blob, which jobs name and
 * workers read.
 *
 * <p>Ids grow with time, so lists go by id and a cursor may name a file that is gone. Every query
 * names the department; another department's file or upload, or an expired file, does not exist. A
 * job that uses a file locks its row until it commits; a deletion locks it too and then asks every
 * {@link dev.graft.datasets.StoredFiles.FileUse}: neither can overtake the other.
 *
 * <p>How it fails: 413 past a size limit, 429 past the department's storage limit, 507 on a full
 * disk, 400 on an incomplete form; each stores nothing. Deleting a file keeps its blob, which other
 * files may share.
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
