/**
 * Published results: identity, download, other forms, and the list of models.
 *
 * <p>An adapter's row is written by a listener inside the transaction that completes its job, so
 * both exist or neither ({@link dev.graft.adapters.Adapters}). Its files are a manifest of blobs;
 * their tar.gz is made once, as leased work, and kept as a blob, because its checksum must never
 * change. {@link dev.graft.adapters.ModelResolver} says what a model's name means to a department.
 * Another department's adapter looks as if it did not exist, except where an administrator granted
 * access ({@link dev.graft.adapters.CheckpointPermissions}). Exports (merged models, GGUF files,
 * directories for vLLM and Ollama) are leased work in child processes; equal forms of an adapter
 * have one row.
 *
 * <p>How it fails: a failing listener rolls the job's completion back, and the worker reports it
 * again. An archive that cannot be made is tried again, at last by the next download. A deleted
 * adapter keeps its row without files; its exports go with it. An export that a closer look at the
 * weights refuses ends as {@code failed}, with the reason; a server that was lost publishes
 * nothing, because the row changes only under its claim.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "spec",
      "platform",
      "platform :: database",
      "platform :: work",
      "weights",
      "training",
      "artifacts",
      "tenancy",
      "catalog",
      "jobs"
    })
package dev.graft.adapters;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
