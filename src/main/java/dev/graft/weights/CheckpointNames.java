package dev.graft.weights;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Checkpoints spell names in several ways: a base saved without a head lacks the prefix, and old
 * BERT files say {@code gamma} and {@code beta}.
 */
final class CheckpointNames {
  private CheckpointNames() {}

  /** The tensors under the names of the configuration. */
  static Map<String, MappedTensor> of(ModelConfig config, Map<String, MappedTensor> stored) {
    String prefix = config.basePrefix();
    boolean bare = stored.keySet().stream().noneMatch(name -> name.startsWith(prefix));
    Set<String> expected = config.parameterNames();
    Map<String, MappedTensor> named = new LinkedHashMap<>();
    stored.forEach(
        (spelled, tensor) -> {
          String name = modern(spelled);
          if (bare && !expected.contains(name) && !config.ignores(name)) name = prefix + name;
          if (named.put(name, renamed(tensor, name)) != null) {
            throw new BadModel("the checkpoint holds the tensor " + name + " under two names");
          }
        });
    return named;
  }

  private static String modern(String name) {
    return name.replace("LayerNorm.gamma", "LayerNorm.weight")
        .replace("LayerNorm.beta", "LayerNorm.bias");
  }

  private static MappedTensor renamed(MappedTensor tensor, String name) {
    if (tensor.name().equals(name)) return tensor;
    return new MappedTensor(new TensorInfo(name, tensor.dtype(), tensor.shape()), tensor.data());
  }
}
