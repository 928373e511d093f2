/**
 * The substrate of all tensor mathematics: TorchScript text ("kernels") becomes an archive in
 * memory, is loaded once, and its methods run through {@link
 * dev.graft.training.kernels.TorchScriptModule}.
 *
 * <p>Arrays of DJL serve as handles only. No arithmetic on them: DJL's number overloads give wrong
 * gradients, its bf16 aborts the process, and intermediates stay until a manager closes.
 *
 * <p>No text names a device, makes a tensor on another than its arguments', or waits for one:
 * {@code KernelTextTests} reads it, and {@code FakeCudaTests} calls it on CUDA tensors without a
 * GPU.
 *
 * <p>How it fails: text that does not compile, or a call with wrong shapes, is an exception with a
 * TorchScript traceback. Using a closed array crashes the process: whoever holds a handle outlives
 * its users.
 */
@NullMarked
package dev.graft.training.kernels;

import org.jspecify.annotations.NullMarked;
