package dev.graft.model;

import dev.graft.spec.Bottleneck;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.List;

/**
 * Bottleneck adapters (Houlsby et al. 2019, Pfeiffer et al. 2021, He et al. 2022). Their file is
 * not PEFT's: names have no prefix.
 */
final class BottleneckTuner extends PartsTuner {
  public BottleneckTuner(Bottleneck method, ModelDirectory base) {
    super(
        List.of(
            BottleneckAdapters.of(method, base.config()),
            SavedModules.of(method.modulesToSave(), base)));
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    return trained;
  }

  @Override
  public List<NamedTensor> read(List<NamedTensor> saved) {
    return saved;
  }
}
