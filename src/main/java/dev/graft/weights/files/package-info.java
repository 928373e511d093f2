/**
 * Files of a model directory by plain name, and the JSON in them, with bounded size and depth. A
 * name never becomes a path out of the directory.
 *
 * <p>What is wrong with a file, here and in the whole module, is a {@link
 * dev.graft.weights.files.BadModel}.
 */
@NullMarked
@NamedInterface("files")
package dev.graft.weights.files;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
