/**
 * The tensors of a checkpoint on disk: {@link dev.graft.weights.checkpoint.Weights} maps
 * safetensors, one file or shards, and gives each by its Hugging Face name, plain or quantised as
 * bitsandbytes stores it.
 *
 * <p>A file is checked whole before anything is read from it, by every rule of the reference
 * implementation, and nothing is copied; closing invalidates every tensor handed out. Written files
 * appear under their names only when they are whole and on disk, and equal inputs give equal bytes.
 *
 * <p>What is missing, of another shape or broken is a {@link dev.graft.weights.files.BadModel}.
 */
@NullMarked
@NamedInterface("checkpoint")
package dev.graft.weights.checkpoint;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
