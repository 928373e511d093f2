/**
 * A LoRA as a GGUF file for llama.cpp ({@link dev.graft.weights.gguf.GgufAdapter}): tensor for
 * tensor and field for field what its {@code convert_lora_to_gguf.py} makes of the same directory.
 *
 * <p>{@code LlamaCppModel} knows what llama.cpp calls an architecture and its tensors, and in which
 * order it has their rows. Equal inputs give equal bytes.
 */
@NullMarked
@NamedInterface("gguf")
package dev.graft.weights.gguf;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
