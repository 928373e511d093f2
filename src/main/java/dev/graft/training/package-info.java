/**
 * The trainer as a plain library and program, without Spring.
 *
 * <p>{@link dev.graft.training.FineTune} is a run, from files to files. It speaks the protocol of
 * this package with its supervisor (JSON lines in both directions, an exit status per class of
 * failure), turns rows into steps, drives a {@link dev.graft.model.TrainableModel}, writes
 * checkpoints and the result. The same package estimates memory before a run, and makes other forms
 * of a result: merged models, GGUF files, plain LoRA.
 *
 * <p>How it fails: a fault of the request, the data or the base model is an exception with a
 * message for the user. A native crash or exhausted memory ends the process, so servers never load
 * tensors: each run has a child process.
 */
@NullMarked
@ApplicationModule(
    allowedDependencies = {"spec", "weights", "weights :: gguf", "text", "kernels", "model"})
package dev.graft.training;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
