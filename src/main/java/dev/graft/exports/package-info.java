/**
 * Other forms of a finished adapter, made on request: merged models, GGUF files, directories for
 * vLLM and Ollama.
 *
 * <p>How it works: a request is checked against what the form needs ({@link
 * dev.graft.exports.ExportSources}, {@code training.export}), so that what cannot be made is
 * refused and not queued. A row of {@code adapter_export} and a piece of leased work are written
 * together; {@link dev.graft.exports.ExportWork} has a child process make the files ({@link
 * dev.graft.exports.Conversion}) and publishes them as one blob. What is asked for twice is made
 * once: equal forms of an adapter have one row.
 *
 * <p>How it fails: a form that a closer look at the weights refuses ends as {@code failed}, with
 * the reason; what may pass is tried again from the beginning, a few times. A server that was lost
 * publishes nothing: the row changes only under its claim. Who deletes an export that is being made
 * ends its process; a deleted adapter takes its exports along.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: *",
      "spec",
      "spec :: request",
      "tenancy",
      "artifacts",
      "artifacts :: *",
      "catalog",
      "adapters",
      "adapters :: registry",
      "weights :: files",
      "training :: export",
      "work"
    })
package dev.graft.exports;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
