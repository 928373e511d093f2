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

/** LoRA (Hu et al. 2021) and what {@code init_lora_weights} makes of its start. */
final class LoraTuner implements Tuner {
  private final Lora method;
  private final List<ModelConfig.Linear> modules;
  private final SavedModules whole;
  private final LowRankPaths paths;

  LoraTuner(Lora method, ModelDirectory base) {
    this.method = method;
    this.whole = SavedModules.of(method.extras().modulesToSave(), base);
    this.modules =
        LinearTargets.select(method.targets(), method.extras().modulesToSave(), base.config())
            .stream()
            .filter(each -> !whole.covers(each.path()))
            .toList();
    this.paths =
        new LowRankPaths(
            modules.stream()
                .map(ModelConfig.Linear::path)
                .collect(Collectors.toMap(path -> path, method::scale)),
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
      int rank = method.rank(each.path());
      slots.add(new Slot(each.path() + LoraStart.A, rank, each.inFeatures()));
      slots.add(new Slot(each.path() + LoraStart.B, each.outFeatures(), rank));
    }
    return slots;
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return factors().stream()
        .map(slot -> LoraStart.of(method.initLoraWeights(), slot, seed))
        .toList();
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
    float[] a = Objects.requireNonNull(trained.get(linear.path() + LoraStart.A)).toFloats();
    float[] b = Objects.requireNonNull(trained.get(linear.path() + LoraStart.B)).toFloats();
    int in = linear.inFeatures();
    int out = linear.outFeatures();
    int r = method.rank(linear.path());
    double scale = method.scale(linear.path());
    for (int o = 0; o < out; o++) {
      for (int i = 0; i < in; i++) {
        double sum = 0;
        for (int k = 0; k < r; k++) sum += (double) b[o * r + k] * a[k * in + i];
        weight[linear.conv1d() ? i * out + o : o * in + i] += (float) (scale * sum);
      }
    }
  }
}
