package dev.graft.training;

import dev.graft.weights.Dtype;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.TensorData;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The result of training the base's own parameters: a whole Hugging Face checkpoint directory. */
final class FullModelDirectory {
  private FullModelDirectory() {}

  /**
   * Writes config.json, weights, model card and tokenizer files.
   *
   * @param trained parameters in f32 under their Hugging Face names; the others are the base's
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      List<NamedTensor> trained,
      CheckpointPrecision precision,
      Map<String, String> facts) {
    Map<String, Integer> places = new HashMap<>();
    for (NamedTensor each : trained) {
      places.put(each.name(), places.size());
      if (each.dtype() != Dtype.F32) {
        throw new IllegalArgumentException("parameter " + each.name() + " is not given in f32");
      }
    }
    boolean whole = places.size() == base.config().parameters().size();
    String card = ModelCard.trained(base, baseModelName, whole, facts);
    CheckpointDirectory.write(directory, base, new Trained(base, trained, places), precision, card);
  }

  /** Asks for one tensor after the other: together they may be more than the heap holds. */
  private record Trained(
      ModelDirectory base, List<NamedTensor> trained, Map<String, Integer> places)
      implements CheckpointDirectory.Tensors {
    @Override
    public Dtype dtype(Parameter parameter) {
      return StoredTypes.of(base, parameter);
    }

    @Override
    public TensorData data(Parameter parameter, Dtype dtype) {
      Integer place = places.get(parameter.name());
      if (place != null) return Dtype.narrow(trained.get(place).data(), dtype);
      return base.weights().require(parameter.name(), parameter.shape()).data(dtype);
    }
  }
}
