/**
 * Whether settings fit a base model, and what of it they would train: told by the tuners
 * themselves, from the model's files and without a tensor.
 *
 * <p>How it fails: settings that do not fit are an {@link IllegalArgumentException} that begins
 * with the setting's name.
 */
@NullMarked
@NamedInterface("fit")
package dev.graft.training.fit;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
