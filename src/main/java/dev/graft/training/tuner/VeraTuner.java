package dev.graft.training.tuner;

import dev.graft.spec.method.Vera;
import dev.graft.training.tuner.lora.TorchGenerator;
import dev.graft.training.tuner.lora.VeraVectors;
import dev.graft.training.tuner.modules.AdaptedLayers;
import dev.graft.training.tuner.modules.TrainedBiases;
import dev.graft.training.tuner.part.Slot;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.config.ModelConfig.Linear;
import dev.graft.weights.tensor.NamedTensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** VeRA (Kopiczko et al. 2023): vectors around random matrices that all layers share. */
final class VeraTuner extends PartsTuner {
  /** What the names of the shared matrices begin with in PEFT's file; they are of no module. */
  private static final String SHARED = "base_model.";

  private final Vera method;
  private final List<Slot> shared;

  VeraTuner(Vera method, ModelDirectory base) {
    this(method, AdaptedLayers.of(method, base), base);
  }

  private VeraTuner(Vera method, AdaptedLayers layers, ModelDirectory base) {
    super(
        List.of(
            new VeraVectors(method, layers),
            new TrainedBiases(
                method.bias(), layers.linears().keySet(), layers.whole(), base.config()),
            layers.whole()));
    this.method = method;
    Collection<Linear> linears = layers.linears().values();
    int in = linears.stream().mapToInt(Linear::inFeatures).max().orElseThrow();
    int out = linears.stream().mapToInt(Linear::outFeatures).max().orElseThrow();
    shared =
        List.of(new Slot(VeraVectors.A, method.r(), in), new Slot(VeraVectors.B, out, method.r()));
  }

  /** As PEFT's: one generator for both, uniform within sqrt(6 / features that come in). */
  @Override
  public List<NamedTensor> frozen(long seed) {
    TorchGenerator generator = new TorchGenerator(method.projectionPrngKey());
    List<NamedTensor> frozen = new ArrayList<>(super.frozen(seed));
    for (Slot each : shared) frozen.add(generator.uniform(each, bound(each.shape()[1])));
    return frozen;
  }

  /** In PEFT's order of operations, for the last bit. */
  private static double bound(long features) {
    return Math.sqrt(3) * (Math.sqrt(2) / Math.sqrt(features));
  }

  @Override
  public Set<String> kept() {
    return method.saveProjection() ? Set.of(VeraVectors.A, VeraVectors.B) : Set.of();
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    return super.saved(trained).stream()
        .map(
            each -> {
              String name = each.name().substring(PEFT_PREFIX.length());
              return isShared(name) ? each.renamed(SHARED + name) : each;
            })
        .toList();
  }

  @Override
  public List<NamedTensor> read(List<NamedTensor> saved) {
    return super.read(saved).stream()
        .map(
            each -> {
              if (!each.name().startsWith(SHARED)) return each;
              String name = each.name().substring(SHARED.length());
              return isShared(name) ? each.renamed(name) : each;
            })
        .toList();
  }

  private static boolean isShared(String name) {
    return name.equals(VeraVectors.A) || name.equals(VeraVectors.B);
  }
}
