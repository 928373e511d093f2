package dev.graft.weights;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code config.json} says about a supported architecture. */
public sealed interface ModelConfig permits LlamaConfig {
  int vocabSize();

  /** Tokens of context. */
  int maxPositionEmbeddings();

  int numHiddenLayers();

  /** Token ids that end an answer, from generation_config.json and config.json; may be empty. */
  List<Integer> eosTokenIds();

  @Nullable Integer bosTokenId();

  @Nullable Integer padTokenId();

  /** Every parameter a checkpoint must hold, in the order of the forward pass. */
  List<Parameter> parameters();

  /**
   * Module paths of the linear layers that {@code all-linear} adapts, in the order of parameters.
   */
  List<Linear> linearModules();

  /** A tensor by its Hugging Face name. */
  record Parameter(String name, long[] shape) {}

  /**
   * A linear layer.
   *
   * @param path such as {@code model.layers.0.self_attn.q_proj}
   */
  record Linear(String path, int outFeatures, int inFeatures) {}
}
