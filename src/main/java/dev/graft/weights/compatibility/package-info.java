/**
 * Which programs take a result: {@link dev.graft.weights.compatibility.LoaderRules} tells it for
 * PEFT, vLLM, SGLang, TGI and llama.cpp from the method and the base's configuration, and what
 * stands in the way.
 *
 * <p>The rules are what the programs' sources check, including what they ignore in silence.
 */
@NullMarked
@NamedInterface("compatibility")
package dev.graft.weights.compatibility;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
