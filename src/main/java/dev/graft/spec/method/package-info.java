/**
 * How a base model is adapted: {@link dev.graft.spec.method.AdapterMethod} and its kinds, from LoRA
 * to training every parameter. Names and defaults are PEFT's.
 *
 * <p>{@link dev.graft.spec.method.Targets} says which modules a method changes; ranks, starts and
 * variants of LoRA have records of their own. Values that make no sense are an {@link
 * java.lang.IllegalArgumentException}; requests are checked before, field by field.
 */
@NullMarked
@NamedInterface("method")
package dev.graft.spec.method;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
