/**
 * What {@code config.json} says about a supported architecture: one record a family, read in the
 * spellings of transformers 4 and 5.
 *
 * <p>A {@link dev.graft.weights.config.ModelConfig} names the modules that hold parameters ({@link
 * dev.graft.weights.config.Leaf}); parameters, linear layers and new heads follow from that one
 * list.
 *
 * <p>What would change the arithmetic and is not built is refused by its field ({@link
 * dev.graft.weights.files.BadModel}), never ignored.
 */
@NullMarked
@NamedInterface("config")
package dev.graft.weights.config;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
