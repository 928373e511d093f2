package dev.graft.training.parity;

import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.List;

/** The weight that is left when a trained adapter is merged: W + scale B A. */
final class MergedWeight {
  private static final String PREFIX = "merged/";

  private MergedWeight() {}

  static void compare(
      GoldenCase golden,
      Lora method,
      ModelDirectory base,
      List<NamedTensor> trained,
      GoldenFile probe,
      GoldenResult.Collector result) {
    double largest = 0;
    for (String name : probe.names()) {
      if (!name.startsWith(PREFIX)) continue;
      String tensor = name.substring(PREFIX.length());
      float[] merged =
          tensor.endsWith(".bias")
              ? base.weights().require(tensor, probe.floats(name).length).toFloats()
              : merge(method, base, trained, tensor.substring(0, tensor.length() - 7));
      float[] expected = probe.floats(name);
      for (int i = 0; i < merged.length; i++) {
        largest = Math.max(largest, Math.abs((double) merged[i] - expected[i]));
      }
    }
    result.add("merged", largest, golden.limit("merged"));
  }

  private static float[] merge(
      Lora method, ModelDirectory base, List<NamedTensor> trained, String module) {
    ModelConfig.Linear linear =
        base.config().linearModules().stream()
            .filter(each -> each.path().equals(module))
            .findFirst()
            .orElseThrow();
    int in = linear.inFeatures();
    int out = linear.outFeatures();
    NamedTensor a = find(trained, module + ".lora_A.weight");
    NamedTensor b = find(trained, module + ".lora_B.weight");
    float[] weight = base.weights().require(module + ".weight", out, in).toFloats();
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        double sum = 0;
        for (int r = 0; r < method.r(); r++) {
          sum += (double) value(b, o * method.r() + r) * value(a, r * in + i);
        }
        weight[o * in + i] += (float) (method.scale() * sum);
      }
    }
    return weight;
  }

  private static NamedTensor find(List<NamedTensor> tensors, String name) {
    return tensors.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
  }

  private static float value(NamedTensor tensor, int index) {
    return tensor.data().getFloat(tensor.data().position() + index * Float.BYTES);
  }
}
