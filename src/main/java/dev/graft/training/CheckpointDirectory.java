package dev.graft.training;

import dev.graft.weights.Dtype;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TensorData;
import dev.graft.weights.TensorInfo;
import dev.graft.weights.WrittenConfig;
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

  /** The same in one file of weights. */
  static void write(
      Path directory,
      ModelDirectory base,
      Tensors tensors,
      CheckpointPrecision precision,
      String card) {
    write(directory, base, tensors, precision, card, Long.MAX_VALUE);
  }

  /**
   * Writes config.json, weights, model card and tokenizer files.
   *
   * @param shard bytes of a file of weights, unless one tensor is more
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  static void write(
      Path directory,
      ModelDirectory base,
      Tensors tensors,
      CheckpointPrecision precision,
      String card,
      long shard) {
    Map<String, Parameter> byName = new HashMap<>();
    base.config().parameters().forEach(each -> byName.put(each.name(), each));
    List<TensorInfo> layout = layout(base, tensors, precision);
    ResultFiles.create(directory);
    ResultFiles.write(
        directory.resolve("config.json"),
        WrittenConfig.of(base, precision == CheckpointPrecision.F32));
    ShardedWeights.write(
        directory,
        layout,
        shard,
        info -> tensors.data(Objects.requireNonNull(byName.get(info.name())), info.dtype()));
    ResultFiles.write(directory.resolve("README.md"), card);
    ResultFiles.copyCompanions(base, directory);
  }

  /** What its files of weights hold, in the order of the forward pass. */
  static List<TensorInfo> layout(
      ModelDirectory base, Tensors tensors, CheckpointPrecision precision) {
    return base.config().parameters().stream()
        .map(each -> new TensorInfo(each.name(), type(tensors, each, precision), each.shape()))
        .toList();
  }

  private static Dtype type(Tensors tensors, Parameter parameter, CheckpointPrecision precision) {
    return switch (precision) {
      case AS_BASE -> tensors.dtype(parameter);
      case F32 -> Dtype.F32;
    };
  }
}
