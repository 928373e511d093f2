/**
 * Base models: registered, digested, checked.
 *
 * <p>{@link dev.graft.catalog.BaseModels#register} treats a Hugging Face directory as hostile input
 * ({@code dev.graft.weights} checks the configuration and the shape and type of every tensor),
 * takes only files that it knows by name, stores each as a blob and records the digest of their
 * manifest. That digest identifies the model wherever it is trained or served. A name keeps its
 * content; registering the same content again changes nothing.
 *
 * <p>How it fails: {@link dev.graft.catalog.BaseModels.ModelRefused} gives the reason, and nothing
 * was recorded. Blobs stored before a failure stay without a reference.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {
      "platform",
      "platform :: database",
      "platform :: work",
      "weights",
      "weights :: gguf",
      "artifacts",
      "artifacts :: hub",
      "tenancy",
      "datasets"
    })
package dev.graft.catalog;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
