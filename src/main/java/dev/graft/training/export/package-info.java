/**
 * Results as files that other software loads: a PEFT directory for an adapter, a Hugging Face
 * checkpoint directory for a fully trained model, or for a base with an adapter merged into it, a
 * GGUF file of an adapter for llama.cpp. {@link dev.graft.training.export.ResultForms} makes such
 * forms of a finished result, in a process of their own ({@link
 * dev.graft.training.export.ExportOrder}). Equal inputs give equal bytes: no time, no host name, no
 * random order.
 *
 * <p>Writing fails with {@link java.io.UncheckedIOException} (disk full, not writable); each
 * safetensors or GGUF file appears under its name only when it is whole.
 */
@NullMarked
@NamedInterface("export")
package dev.graft.training.export;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
