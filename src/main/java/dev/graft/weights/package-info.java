/**
 * Reads, as hostile input, and writes the files of model directories: {@code config.json} and
 * safetensors. A plain library without tensors, Spring or DJL.
 *
 * <p>{@link dev.graft.weights.ModelDirectory} reads the configuration into a {@link
 * dev.graft.weights.ModelConfig}, which knows every parameter by name and shape; {@link
 * dev.graft.weights.Weights} maps one file or the shards of an index and returns {@link
 * dev.graft.weights.MappedTensor}s, slices of the mapping, after checking the whole header. {@code
 * docs/families.md} lists the families.
 *
 * <p>All failures are {@link dev.graft.weights.BadModel}s, whose message names file, field or
 * tensor, what was found and what was expected; it contains no path and is suitable for API users.
 * Unsupported settings that would change the arithmetic are refused rather than ignored. If another
 * process truncates a mapped file, reading it fails with an error of the virtual machine, or
 * crashes the process in native code; base models are therefore used from immutable copies.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec"})
package dev.graft.weights;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
