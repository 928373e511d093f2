package dev.graft.training.model;

import dev.graft.training.program.Statement;
import dev.graft.weights.BadModel;
import dev.graft.weights.BertConfig;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DistilBertConfig;
import dev.graft.weights.Gpt2Config;
import dev.graft.weights.GptNeoXConfig;
import dev.graft.weights.ModelConfig;
import java.util.List;

/** An architecture: what a layer computes and how its tensors are called. */
public sealed interface Family permits DecoderFamily {
  static Family of(ModelConfig config) {
    return switch (config) {
      case DecoderConfig decoder when DecoderFamily.trains(decoder) -> new DecoderFamily(decoder);
      case DecoderConfig c -> throw notYet(c);
      case Gpt2Config c -> throw notYet(c);
      case GptNeoXConfig c -> throw notYet(c);
      case BertConfig c -> throw notYet(c);
      case DistilBertConfig c -> throw notYet(c);
    };
  }

  private static BadModel notYet(ModelConfig config) {
    return new BadModel(
        "config.json: a model of model_type %s for %s is read but cannot be trained yet"
            .formatted(config.modelType(), config.task()));
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
