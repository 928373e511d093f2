package dev.graft.training;

import dev.graft.spec.Quantization;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.TensorData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A finished result, opened for conversion.
 *
 * @param base with the head of the result; a whole model is its own base
 * @param adapter null where the result is a whole model
 * @param others adapters to combine it with
 * @param directory of the result
 * @param quantization that the base had in training, or null
 */
public record ResultSource(
    ModelDirectory base,
    @Nullable SavedAdapter adapter,
    List<SavedAdapter> others,
    Path directory,
    @Nullable Quantization quantization)
    implements AutoCloseable {
  /**
   * @param base directory of the base model; not read if the result is a whole model
   * @param others directories of adapters to combine it with
   * @throws BadModel if a file cannot be parsed
   */
  public static ResultSource open(
      Path base, Path result, List<Path> others, @Nullable Quantization quantization) {
    if (!Files.exists(result.resolve("adapter_config.json"))) {
      return new ResultSource(ModelDirectory.open(result), null, List.of(), result, null);
    }
    List<SavedAdapter> opened = new ArrayList<>();
    try {
      opened.add(SavedAdapter.read(result));
      for (Path other : others) opened.add(SavedAdapter.read(other));
      List<SavedAdapter> further = List.copyOf(opened.subList(1, opened.size()));
      return new ResultSource(
          headed(base, result), opened.getFirst(), further, result, quantization);
    } catch (RuntimeException e) {
      opened.forEach(SavedAdapter::close);
      throw e;
    }
  }

  /**
   * Opens the base with the head of the result, which has its own configuration if the heads
   * differ.
   */
  private static ModelDirectory headed(Path base, Path result) {
    ModelDirectory plain = ModelDirectory.open(base);
    if (!Files.exists(result.resolve("config.json"))) return plain;
    try (plain;
        ModelDirectory own = ModelDirectory.open(result)) {
      return plain.withTask(own.config().task());
    }
  }

  SavedAdapter requireAdapter() {
    if (adapter != null) return adapter;
    throw new IllegalArgumentException("the result is a whole model, not an adapter");
  }

  /** Returns the adapter and those to combine it with. */
  List<SavedAdapter> adapters() {
    return Stream.concat(Stream.of(requireAdapter()), others.stream()).toList();
  }

  /** Returns the tensors of the merged model. */
  CheckpointDirectory.Tensors merged() {
    return adapter == null ? new Whole(base) : new MergedModel(base, adapter, quantization);
  }

  private record Whole(ModelDirectory model) implements CheckpointDirectory.Tensors {
    @Override
    public Dtype dtype(Parameter parameter) {
      return CheckpointDirectory.storedType(model, parameter);
    }

    @Override
    public TensorData data(Parameter parameter, Dtype dtype) {
      return model.weights().require(parameter.name(), parameter.shape()).data(dtype);
    }
  }

  @Override
  public void close() {
    base.close();
    if (adapter != null) adapter.close();
    others.forEach(SavedAdapter::close);
  }
}
