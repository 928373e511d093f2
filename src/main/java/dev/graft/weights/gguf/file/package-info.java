/**
 * GGUF files (versions 2 and 3 of ggml's docs/gguf.md, little-endian) read as hostile input: {@link
 * dev.graft.weights.gguf.file.GgufFile} maps one, checks its whole head before anything is taken
 * from it, and gives keys and tensors. Quantised blocks become numbers when they are copied.
 *
 * <p>What breaks the format, or is more than a model can have, is a {@link
 * dev.graft.weights.files.BadModel} that names file and key or tensor.
 */
@NullMarked
package dev.graft.weights.gguf.file;

import org.jspecify.annotations.NullMarked;
