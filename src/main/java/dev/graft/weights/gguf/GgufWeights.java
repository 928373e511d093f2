package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.Dtype;
import dev.graft.weights.LlamaCppModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.TensorData;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/** Tensors by their Hugging Face names, with rows and norms as they are there. */
final class GgufWeights {
  /** Read with the configuration. */
  private static final String ROPE = "rope_freqs.weight";

  private final GgufFile gguf;
  private final LlamaCppModel names;
  private final boolean addsOne;
  private final Set<String> used = new HashSet<>(Set.of(ROPE));

  private GgufWeights(GgufFile gguf, ModelConfig config) {
    this.gguf = gguf;
    this.names = Objects.requireNonNull(LlamaCppModel.of(config));
    this.addsOne = config instanceof DecoderConfig decoder && decoder.norms().addOne();
  }

  /**
   * Writes them one after the other.
   *
   * @throws BadModel if one is missing, has another shape, or is not known
   */
  static void write(GgufFile gguf, ModelConfig config, Path file) {
    GgufWeights weights = new GgufWeights(gguf, config);
    List<NamedTensor> tensors = new ArrayList<>();
    for (Parameter each : config.parameters()) tensors.add(weights.tensor(each));
    weights.requireAllUsed();
    SafetensorsWriter.write(file, tensors);
  }

  private NamedTensor tensor(Parameter parameter) {
    String name = names.parameter(parameter.name());
    GgufTensor found = gguf.find(name);
    if (found == null) throw bad(name, "is missing; " + parameter.name() + " is made of it");
    used.add(name);
    if (!Arrays.equals(found.shape(), parameter.shape())) {
      throw bad(
          name,
          "has the shape %s, not %s"
              .formatted(Arrays.toString(found.shape()), Arrays.toString(parameter.shape())));
    }
    return new NamedTensor(
        parameter.name(), found.dtype(), found.shape(), data(parameter, name, found));
  }

  private TensorData data(Parameter parameter, String name, GgufTensor found) {
    if (addsOne && parameter.kind() == Kind.RMS_NORM) {
      if (found.dtype() != Dtype.F32) throw bad(name, "is no F32, as norms of GGUF files are");
      return new Shifted(found.values(), -1);
    }
    IntUnaryOperator order = names.rows(parameter.module());
    int rows = Math.toIntExact(found.shape()[0]);
    int[] here = new int[rows];
    boolean moved = false;
    for (int row = 0; row < rows; row++) {
      here[order.applyAsInt(row)] = row;
      moved |= order.applyAsInt(row) != row;
    }
    return moved ? new OrderedRows(found.values(), here) : found.values();
  }

  /** What is not known may change the arithmetic. */
  private void requireAllUsed() {
    for (GgufTensor each : gguf.tensors()) {
      if (!used.contains(each.name())) {
        throw bad(each.name(), "is not known in a model of architecture " + names.architecture());
      }
    }
  }

  private BadModel bad(String tensor, String problem) {
    return new BadModel("%s: tensor %s %s".formatted(gguf.name(), tensor, problem));
  }
}
