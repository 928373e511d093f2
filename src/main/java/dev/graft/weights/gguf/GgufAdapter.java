package dev.graft.weights.gguf;

import dev.graft.weights.AdapterCard;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.LlamaCppModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.TensorInfo;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/**
 * Writes a LoRA as a GGUF file for llama.cpp and programs based on it, with the same tensors and
 * fields that its {@code convert_lora_to_gguf.py} writes for the same directory.
 */
public final class GgufAdapter {
  private GgufAdapter() {}

  /**
   * Writes plain factors, whose scale is alpha divided by the rank of each pair. A tensor with a
   * number outside of the range of F16 stays F32.
   *
   * @param saved F32 factors by PEFT's names that fit the base
   * @param type F32, F16 or BF16
   * @throws IllegalArgumentException if llama.cpp does not support adapters for the base or a
   *     module, or for another type
   * @throws BadModel if the factors are not pairs
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
      throw new IllegalArgumentException(
          "llama.cpp does not support adapters for " + base.modelType());
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
            .map(GgufWriter.GgufLayout::of)
            .toList(),
        layout ->
            Dtype.narrow(
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

  /**
   * The factors of a module.
   *
   * @param path such as {@code model.layers.0.self_attn.q_proj}
   * @param a f32 (rank, in); for a token table (rank, vocabulary)
   * @param b f32 (out, rank); for a token table (hidden, rank)
   */
  record LoraPair(String path, NamedTensor a, NamedTensor b) {
    private static final List<String> A = List.of(".lora_A.weight", ".lora_embedding_A");
    private static final List<String> B = List.of(".lora_B.weight", ".lora_embedding_B");

    /** The base's own table, which PEFT saves with its factors. */
    private static final String TABLE = ".base_layer.weight";

    /**
     * Returns the pairs in the order of their first tensors.
     *
     * @param saved tensors by PEFT's names
     * @throws BadModel if a factor is missing, or a tensor is not a factor
     */
    static List<LoraPair> of(List<NamedTensor> saved) {
      Map<String, NamedTensor> a = new HashMap<>();
      Map<String, NamedTensor> b = new HashMap<>();
      Set<String> paths = new LinkedHashSet<>();
      for (NamedTensor each : saved) {
        if (each.name().endsWith(TABLE)) continue;
        boolean first = A.stream().anyMatch(each.name()::endsWith);
        String path = path(each.name());
        paths.add(path);
        (first ? a : b).put(path, each);
      }
      List<LoraPair> pairs = new ArrayList<>();
      for (String path : paths) {
        NamedTensor down = a.get(path);
        NamedTensor up = b.get(path);
        if (down == null || up == null) throw new BadModel(path + " has only one LoRA factor");
        if (down.shape().length != 2
            || up.shape().length != 2
            || down.shape()[0] != up.shape()[1]) {
          throw new BadModel(path + ": the shapes of the LoRA factors do not match");
        }
        pairs.add(new LoraPair(path, down, up));
      }
      return pairs;
    }

    private static String path(String name) {
      String prefix = SavedAdapter.PEFT_PREFIX;
      String module = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
      for (List<String> suffixes : List.of(A, B)) {
        for (String suffix : suffixes) {
          if (module.endsWith(suffix)) {
            return module.substring(0, module.length() - suffix.length());
          }
        }
      }
      throw new BadModel("tensor " + name + " is not a LoRA factor");
    }
  }
}
