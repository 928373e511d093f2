/**
 * The GPUs of this machine and the libtorch that computes on them, found without loading either
 * into this process: {@link dev.graft.training.cuda.CudaMachine} says which devices there are, of
 * which a run may take each or not, and what to do where it may not.
 *
 * <p>How it works: {@code nvidia-smi} is asked, as a child process; the directory of the CUDA build
 * is read; whether the driver's {@code libcuda.so.1} opens is tried. A device is called {@code
 * cuda:N} by its place among those that {@code CUDA_VISIBLE_DEVICES} leaves.
 *
 * <p>How it fails: it does not. What is missing is a {@link dev.graft.training.cuda.CudaLack} with
 * its cure, of the machine or of one device; who asks for a device that is not usable gets it as
 * {@link dev.graft.training.cuda.DeviceUnavailable}.
 */
@NullMarked
@NamedInterface("cuda")
package dev.graft.training.cuda;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
