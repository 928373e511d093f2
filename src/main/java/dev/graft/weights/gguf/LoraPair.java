package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The factors beside one module.
 *
 * @param path such as {@code model.layers.0.self_attn.q_proj}
 * @param a f32 (rank, in); beside a table (rank, vocabulary)
 * @param b f32 (out, rank); beside a table (hidden, rank)
 */
record LoraPair(String path, NamedTensor a, NamedTensor b) {
  private static final List<String> A = List.of(".lora_A.weight", ".lora_embedding_A");
  private static final List<String> B = List.of(".lora_B.weight", ".lora_embedding_B");

  /** A table that PEFT saves beside its factors; it is the base's own. */
  private static final String TABLE = ".base_layer.weight";

  /**
   * The pairs in the order of their first tensors.
   *
   * @param saved tensors by PEFT's names
   * @throws BadModel if a factor has no partner, or a tensor is none
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
      if (down == null || up == null) throw new BadModel(path + " has one factor of LoRA only");
      if (down.shape().length != 2 || up.shape().length != 2 || down.shape()[0] != up.shape()[1]) {
        throw new BadModel(path + ": the factors of LoRA do not fit together");
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
        if (module.endsWith(suffix)) return module.substring(0, module.length() - suffix.length());
      }
    }
    throw new BadModel("tensor " + name + " is no factor of LoRA");
  }
}
