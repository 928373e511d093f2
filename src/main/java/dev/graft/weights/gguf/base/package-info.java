/**
 * A GGUF file as a base model, and a model as a GGUF file. {@link
 * dev.graft.weights.gguf.base.ModelGguf} writes what llama.cpp loads alone, and refuses what would
 * be read back as another model. The other way: {@link dev.graft.weights.gguf.base.GgufModel}
 * writes the Hugging Face directory that it was made from, as far as the file tells: {@code
 * config.json} from its keys, the tokenizer's files from its vocabulary, safetensors from its
 * tensors, one after the other. Quantised weights become F32, which is what their blocks say to the
 * bit; the original numbers are lost.
 *
 * <p>What the file does not tell is never guessed: an architecture, a pre-tokenizer or a tensor
 * that is not known here is a {@link dev.graft.weights.files.BadModel} that says what is supported.
 */
@NullMarked
@NamedInterface("gguf-base")
package dev.graft.weights.gguf.base;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
