/**
 * An OpenAI-compatible engine answers instead of processes of this machine: vLLM, the server of
 * llama.cpp, another Graft. {@link dev.graft.inference.engine.EngineInferrer} asks it for one
 * choice after the other and turns its stream into pieces; {@link
 * dev.graft.inference.engine.EngineModels} knows its names of models and loads adapters where it
 * can.
 *
 * <p>How it fails: an engine that refuses, is silent or cannot be reached costs the one answer,
 * which is then told as any other is.
 */
@NullMarked
@NamedInterface("engine")
package dev.graft.inference.engine;

import org.jspecify.annotations.NullMarked;
import org.springframework.modulith.NamedInterface;
