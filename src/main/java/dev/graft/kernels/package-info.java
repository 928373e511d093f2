/**
 * Writes layers as text, which libtorch compiles and runs.
 *
 * <p>A family of models lists about a dozen statements for a layer; {@link
 * dev.graft.kernels.LayerProgram} writes them forward and walks them backwards for the gradients,
 * summing where a value has several uses. A backward exists per operation, never per family. The
 * operations are TorchScript files under {@code dev/graft/kernels} of the class path; {@link
 * dev.graft.kernels.Kernels} assembles them into one archive and compiles it. The GPUs of this
 * machine are detected here, too, because the driver decides which libtorch can be loaded.
 *
 * <p>How it fails: a wrong program fails when it is compiled, or in the tests that compare it with
 * autograd. A device that cannot be used is a {@link
 * dev.graft.kernels.CudaMachine.DeviceUnavailable}.
 */
@NullMarked
@ApplicationModule(allowedDependencies = {"weights"})
package dev.graft.kernels;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.ApplicationModule;
