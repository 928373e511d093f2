/**
 * Results as files that other software loads: a PEFT directory for an adapter, a Hugging Face
 * checkpoint directory for a fully trained model, or for a base with an adapter merged into it, a
 * GGUF file of an adapter for llama.cpp. Equal inputs give equal bytes: no time, no host name, no
 * random order.
 *
 * <p>Writing fails with {@link java.io.UncheckedIOException} (disk full, not writable); each
 * safetensors or GGUF file appears under its name only when it is whole.
 */
@NullMarked
package dev.graft.training.export;

import org.jspecify.annotations.NullMarked;
