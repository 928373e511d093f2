/**
 * Published results: identity, download, and the list of models. An {@link
 * dev.graft.adapters.Adapter} is one; what a name means to a department is told by {@link
 * dev.graft.adapters.ModelResolver}.
 *
 * <p>An adapter's row is written by a listener inside the transaction that completes its job, so
 * that both exist or neither ({@link dev.graft.adapters.Adapters}). Its files are a manifest of
 * blobs; the tar.gz of them is made once, as leased work that is written with the adapter or with
 * the first download, and kept as a blob, because its checksum must never change. Every question
 * carries the department: another department's adapter is answered like one that does not exist,
 * except where an administrator's {@link dev.graft.adapters.CheckpointPermissions} name it.
 *
 * <p>How it fails: a listener's failure rolls the job's completion back, and the worker says it
 * again. An archive that cannot be made is tried again, at last by the next download. Of a deleted
 * adapter the row stays without its files; blobs stay until nothing refers to them. It is retention
 * that deletes what its department keeps no longer ({@link dev.graft.adapters.Adapters.RetainedAdapters}),
 * unless an owner keeps it.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "spec",
      "spec :: *",
      "weights :: *",
      "tenancy",
      "artifacts",
      "artifacts :: manifest",
      "retention",
      "catalog",
      "jobs",
      "jobs :: results",
      "work"
    })
package dev.graft.adapters;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
