/**
 * Base models: registered, digested, checked.
 *
 * <p>{@link dev.graft.catalog.BaseModels#register} reads a Hugging Face directory as hostile input
 * ({@code dev.graft.weights} checks configuration, every tensor, its shape and its type), takes
 * only files it knows by name, stores each as a blob and records the digest of their manifest: that
 * digest is the model's identity, wherever it is trained or served. A name is bound to its content
 * for good; registering the same content again changes nothing.
 *
 * <p>How it fails: {@link dev.graft.catalog.BaseModels.ModelRefused} says what is wrong with the
 * directory or the name, and nothing was recorded. Blobs stored before a failure stay unreferenced.
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
