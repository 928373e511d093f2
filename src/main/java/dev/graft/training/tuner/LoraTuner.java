package dev.graft.training.tuner;

import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.training.program.Statement;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * LoRA (Hu et al. 2021). The start is PEFT's: A uniform within 1/sqrt(in), B zero; without {@code
 * init_lora_weights} B is uniform within 1/sqrt(r).
 */
final class LoraTuner implements Tuner {
  private final Lora method;
  private final List<ModelConfig.Linear> modules;
  private final SavedModules whole;
  private final LowRankPaths paths;

  LoraTuner(Lora method, ModelDirectory base) {
    this.method = method;
    this.whole = SavedModules.of(List.of(), base);
    this.modules =
        LinearTargets.select(method.targetModules(), base.config()).stream()
            .filter(each -> !whole.covers(each.path()))
            .toList();
    this.paths =
        new LowRankPaths(
            modules.stream()
                .collect(Collectors.toMap(ModelConfig.Linear::path, each -> method.scale())),
            method.loraDropout());
  }

  @Override
  public List<Slot> slots() {
    List<Slot> slots = factors();
    slots.addAll(whole.slots());
    return slots;
  }

  private List<Slot> factors() {
    List<Slot> slots = new ArrayList<>();
    for (ModelConfig.Linear each : modules) {
      slots.add(new Slot(each.path() + ".lora_A.weight", method.r(), each.inFeatures()));
      slots.add(new Slot(each.path() + ".lora_B.weight", each.outFeatures(), method.r()));
    }
    return slots;
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return factors().stream().map(slot -> start(slot, seed)).toList();
  }

  private NamedTensor start(Slot slot, long seed) {
    boolean zero = method.initLoraWeights() && slot.name().endsWith(".lora_B.weight");
    return zero ? Starts.zeros(slot) : Starts.uniform(slot, 1 / Math.sqrt(slot.shape()[1]), seed);
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return paths.apply(prefix, statements);
  }

  /** W + scale B A, transposed where the layer is stored so. */
  @Override
  public float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    for (ModelConfig.Linear each : modules) {
      if (name.equals(each.path() + ".weight")) addProduct(each, stored, trained);
    }
    return Tuner.super.merged(name, stored, trained);
  }

  private void addProduct(
      ModelConfig.Linear linear, float[] weight, Map<String, NamedTensor> trained) {
    float[] a = Objects.requireNonNull(trained.get(linear.path() + ".lora_A.weight")).toFloats();
    float[] b = Objects.requireNonNull(trained.get(linear.path() + ".lora_B.weight")).toFloats();
    int in = linear.inFeatures();
    int out = linear.outFeatures();
    int r = method.r();
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        double sum = 0;
        for (int k = 0; k < r; k++) sum += (double) b[o * r + k] * a[k * in + i];
        weight[linear.conv1d() ? i * out + o : o * in + i] += (float) (method.scale() * sum);
      }
    }
  }
}
