package dev.graft.training.export;

import dev.graft.weights.Dtype;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The result of full fine-tuning: a whole Hugging Face checkpoint directory. */
public final class FullModelDirectory {
  private FullModelDirectory() {}

  /**
   * Writes config.json, weights, model card and tokenizer files.
   *
   * @param trained every parameter in f32 under its Hugging Face name
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      List<NamedTensor> trained,
      Precision precision,
      Map<String, String> facts) {
    Map<String, NamedTensor> byName = new HashMap<>();
    trained.forEach(tensor -> byName.put(tensor.name(), tensor));
    for (Parameter each : base.config().parameters()) {
      NamedTensor tensor = byName.get(each.name());
      if (tensor == null || tensor.dtype() != Dtype.F32) {
        throw new IllegalArgumentException("parameter " + each.name() + " is not given in f32");
      }
    }
    String card = ModelCard.trained(base, baseModelName, facts);
    CheckpointDirectory.write(directory, base, new Trained(base, byName), precision, card);
  }

  private record Trained(ModelDirectory base, Map<String, NamedTensor> byName)
      implements CheckpointDirectory.Tensors {
    @Override
    public Dtype dtype(Parameter parameter) {
      return StoredTypes.of(base, parameter);
    }

    @Override
    public MemorySegment bytes(Parameter parameter, Dtype dtype) {
      NamedTensor tensor = byName.get(parameter.name());
      if (tensor == null) throw new IllegalStateException(parameter.name());
      return CheckpointDirectory.bytes(MemorySegment.ofBuffer(tensor.data().duplicate()), dtype);
    }
  }
}
