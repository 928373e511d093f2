/**
 * Model directories as files: {@code config.json} and safetensors, read as hostile input, and
 * written. A plain library without tensors, Spring or DJL.
 *
 * <p>{@link dev.graft.weights.ModelDirectory} reads the configuration into a {@link
 * dev.graft.weights.ModelConfig}, which knows every parameter by name and shape; {@link
 * dev.graft.weights.Weights} maps one file or the shards of an index and hands out {@link
 * dev.graft.weights.MappedTensor}s, slices of the mapping, only after the whole header has been
 * checked. {@code docs/families.md} lists the families.
 *
 * <p>How it fails: always with {@link dev.graft.weights.BadModel}, whose message names file, field
 * or tensor, what was found and what was expected; it holds no path and is fit for an API user.
 * What would change the arithmetic and is not built is refused rather than ignored. A file that
 * another process truncates while it is mapped cannot be caught here: reading it then is an error
 * of the virtual machine, or in native code a crash of the process, so base models are used from
 * immutable copies.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"spec"})
package dev.graft.weights;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
