/**
 * How the demo's base model is made: {@link dev.graft.demo.basemodel.BaseModelRecipe} writes a
 * tokenizer, random weights, pre-training text and the spec, from seeds alone, and {@code graft
 * train} does the rest. {@code demo/build-base-model} runs the whole of it by {@code graft
 * demo-model}; a running Graft needs nothing of it.
 */
@NullMarked
@NamedInterface("basemodel")
package dev.graft.demo.basemodel;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
