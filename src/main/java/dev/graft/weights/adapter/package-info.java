/**
 * Adapters beside a base model: which of its modules a method means, with PEFT's rules and defaults
 * ({@link dev.graft.weights.adapter.LinearTargets}, {@link
 * dev.graft.weights.adapter.DefaultModules}), and adapters in PEFT's directories, read as hostile
 * input ({@link dev.graft.weights.adapter.SavedAdapter}).
 *
 * <p>Targets that match no module are an {@link java.lang.IllegalArgumentException}, a directory
 * that cannot be used is a {@link dev.graft.weights.files.BadModel}.
 */
@NullMarked
@NamedInterface("adapter")
package dev.graft.weights.adapter;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
