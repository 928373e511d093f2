package dev.graft.weights.gguf;

import dev.graft.weights.AdapterCard;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.HalfPrecision;
import dev.graft.weights.LlamaCppModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.TensorInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntUnaryOperator;

/**
 * A LoRA as a GGUF file for llama.cpp and what is built on it: tensor for tensor and field for
 * field what its {@code convert_lora_to_gguf.py} makes of the same directory.
 */
public final class GgufAdapter {
  private GgufAdapter() {}

  /**
   * Writes plain factors, whose scale is alpha over the rank of each pair. A tensor with a number
   * that F16 cannot hold stays F32.
   *
   * @param saved factors by PEFT's names, F32; they fit the base
   * @param type F32, F16 or BF16
   * @throws IllegalArgumentException if llama.cpp has no adapters of such a base or on such a
   *     module, or the type is another
   * @throws BadModel if the factors are no pairs
   * @throws java.io.UncheckedIOException if the file cannot be written
   */
  public static void write(
      Path file,
      ModelConfig base,
      double alpha,
      List<NamedTensor> saved,
      AdapterCard card,
      Dtype type) {
    LlamaCppModel model = LlamaCppModel.of(base);
    if (model == null) {
      throw new IllegalArgumentException("llama.cpp takes no adapters on " + base.modelType());
    }
    List<NamedTensor> tensors = new ArrayList<>();
    long parameters = 0;
    for (LoraPair pair : LoraPair.of(saved)) {
      List<NamedTensor> factors = factors(pair, model);
      tensors.addAll(factors);
      parameters += factors.getLast().shape()[0] * factors.getFirst().shape()[1];
    }
    Map<String, NamedTensor> byName = NamedTensor.byName(tensors);
    GgufWriter.write(
        file,
        GgufMetadata.of(model.architecture(), card, alpha, parameters),
        tensors.stream()
            .map(each -> new TensorInfo(each.name(), held(each, type), each.shape()))
            .map(GgufLayout::of)
            .toList(),
        layout ->
            HalfPrecision.narrow(
                Objects.requireNonNull(byName.get(layout.name())).data(), layout.type().dtype()));
  }

  private static List<NamedTensor> factors(LoraPair pair, LlamaCppModel model) {
    String weight = model.tensor(pair.path());
    NamedTensor a = model.isTable(pair.path()) ? transposed(pair.a()) : pair.a();
    NamedTensor b = ordered(pair.b(), model.rows(pair.path()));
    return List.of(a.renamed(weight + ".lora_a"), b.renamed(weight + ".lora_b"));
  }

  private static NamedTensor transposed(NamedTensor a) {
    int rows = (int) a.shape()[0];
    int columns = (int) a.shape()[1];
    float[] values = a.toFloats();
    float[] turned = new float[values.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c];
    }
    return NamedTensor.of(a.name(), turned, columns, rows);
  }

  private static NamedTensor ordered(NamedTensor b, IntUnaryOperator order) {
    int rows = (int) b.shape()[0];
    int rank = (int) b.shape()[1];
    float[] values = b.toFloats();
    float[] ordered = new float[values.length];
    for (int r = 0; r < rows; r++) {
      System.arraycopy(values, order.applyAsInt(r) * rank, ordered, r * rank, rank);
    }
    return NamedTensor.of(b.name(), ordered, rows, rank);
  }

  private static Dtype held(NamedTensor tensor, Dtype wanted) {
    if (wanted != Dtype.F16) return wanted;
    for (float each : tensor.toFloats()) {
      if (Float.isFinite(each) && Float.isInfinite(wanted.round(each))) return Dtype.F32;
    }
    return wanted;
  }
}
