package dev.graft.training.export;

import dev.graft.weights.Dtype;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The result of training the base's own parameters: a whole Hugging Face checkpoint directory. */
public final class FullModelDirectory {
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
      Precision precision,
      Map<String, String> facts) {
    Map<String, NamedTensor> byName = new HashMap<>();
    trained.forEach(tensor -> byName.put(tensor.name(), tensor));
    for (NamedTensor each : trained) {
      if (each.dtype() != Dtype.F32) {
        throw new IllegalArgumentException("parameter " + each.name() + " is not given in f32");
      }
    }
    boolean whole = byName.size() == base.config().parameters().size();
    String card = ModelCard.trained(base, baseModelName, whole, facts);
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
      return tensor == null
          ? ofBase(parameter, dtype)
          : CheckpointDirectory.bytes(MemorySegment.ofBuffer(tensor.data().duplicate()), dtype);
    }

    private MemorySegment ofBase(Parameter parameter, Dtype dtype) {
      MappedTensor stored = base.weights().require(parameter.name(), parameter.shape());
      return stored.dtype() == dtype
          ? stored.data()
          : CheckpointDirectory.bytes(MemorySegment.ofArray(stored.toFloats()), dtype);
    }
  }
}
