package dev.graft.training.model;

import dev.graft.training.program.Statement;
import dev.graft.weights.LlamaConfig;
import dev.graft.weights.ModelConfig;
import java.util.List;

/** An architecture: what a layer computes and how its tensors are called. */
public sealed interface Family permits LlamaFamily {
  static Family of(ModelConfig config) {
    return switch (config) {
      case LlamaConfig llama -> new LlamaFamily(llama);
    };
  }

  ModelConfig config();

  /** The layer, from the value {@code x} to the output of the last statement. */
  List<Statement> layer();

  /** What the names of a layer's tensors begin with. */
  String layerPrefix(int layer);

  String embedding();

  String finalNorm();

  /** The output matrix; the embedding where they are tied. */
  String head();

  double normEps();

  int headDim();

  int keyValueHeads();

  /** Angle per position of each rotated pair of a head. */
  float[] inverseFrequencies();
}
