package dev.graft.training.export;

import dev.graft.weights.ModelDirectory;
import dev.graft.weights.WrittenConfig;
import dev.graft.weights.checkpoint.SafetensorsWriter;
import dev.graft.weights.config.ModelConfig.Parameter;
import dev.graft.weights.tensor.Dtype;
import dev.graft.weights.tensor.TensorData;
import dev.graft.weights.tensor.TensorInfo;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Writes a whole Hugging Face checkpoint directory from what each of its tensors is. */
final class CheckpointDirectory {
  private CheckpointDirectory() {}

  /** Gives the tensors, one at a time. */
  interface Tensors {
    /** Element type that the tensor has if nothing else is asked for. */
    Dtype dtype(Parameter parameter);

    /** Its numbers in an element type. */
    TensorData data(Parameter parameter, Dtype dtype);
  }

  /**
   * Writes config.json, weights, model card and tokenizer files.
   *
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  static void write(
      Path directory,
      ModelDirectory base,
      Tensors tensors,
      CheckpointPrecision precision,
      String card) {
    Map<String, Parameter> byName = new HashMap<>();
    List<TensorInfo> layout =
        base.config().parameters().stream()
            .peek(each -> byName.put(each.name(), each))
            .map(each -> new TensorInfo(each.name(), type(tensors, each, precision), each.shape()))
            .toList();
    ResultFiles.create(directory);
    ResultFiles.write(
        directory.resolve("config.json"),
        WrittenConfig.of(base, precision == CheckpointPrecision.F32));
    SafetensorsWriter.write(
        directory.resolve("model.safetensors"),
        layout,
        SafetensorsWriter.PYTORCH,
        info -> tensors.data(Objects.requireNonNull(byName.get(info.name())), info.dtype()));
    ResultFiles.write(directory.resolve("README.md"), card);
    ResultFiles.copyCompanions(base, directory);
  }

  private static Dtype type(Tensors tensors, Parameter parameter, CheckpointPrecision precision) {
    return switch (precision) {
      case AS_BASE -> tensors.dtype(parameter);
      case F32 -> Dtype.F32;
    };
  }
}
