package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.spec.AdaLora.RankAllocation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * AdaLoRA's part in a step (Zhang et al. 2023), as PEFT's class of this name: the orthogonal
 * regulariser, the importance of every element, and which ranks stay. A masked rank is not frozen:
 * it may grow again until the next allocation; after the last one the mask is fixed.
 */
final class RankAllocator implements StepRule {
  private final DeviceMemory memory;
  private final Parameters parameters;
  private final RankAllocation settings;
  private final List<RankTensors> modules;
  private final Map<String, PtNDArray> kept;
  private final Moments mean;
  private final Moments uncertainty;

  /** A vector laid out as the parameters, with the parts that belong to a, b and e of a module. */
  private record Moments(PtNDArray flat, Map<RankTensors, PtNDArray[]> parts) {
    static Moments of(DeviceMemory memory, Parameters parameters, List<RankTensors> modules) {
      PtNDArray flat = memory.zeros(parameters.flatValues().size());
      Map<RankTensors, PtNDArray[]> parts = new LinkedHashMap<>();
      for (RankTensors each : modules) {
        parts.put(
            each,
            each.names().stream()
                .map(name -> parameters.part(flat, name))
                .toArray(PtNDArray[]::new));
      }
      return new Moments(flat, parts);
    }

    PtNDArray[] of(RankTensors module) {
      return Objects.requireNonNull(parts.get(module));
    }
  }

  /**
   * @param kept the masks (rank), 1 where a rank stays, by name
   */
  public RankAllocator(
      DeviceMemory memory,
      Parameters parameters,
      Tuner.Allocated allocated,
      Map<String, PtNDArray> kept) {
    this.memory = memory;
    this.parameters = parameters;
    settings = allocated.settings();
    modules = allocated.modules();
    this.kept = kept;
    mean = Moments.of(memory, parameters, modules);
    uncertainty = Moments.of(memory, parameters, modules);
  }

  @Override
  public Readout.Numbers regularise(Readout readout) {
    double each = settings.orthRegWeight() / (2 * modules.size());
    try (PtNDManager scope = memory.scope()) {
      return readout.add(
          memory
              .module()
              .call(
                  scope,
                  "orthogonality",
                  all(RankTensors::a, parameters::value),
                  all(RankTensors::b, parameters::value),
                  all(RankTensors::a, parameters::gradient),
                  all(RankTensors::b, parameters::gradient),
                  each)
              .getFirst());
    }
  }

  private PtNDArray[] all(Function<RankTensors, String> name, Function<String, PtNDArray> tensor) {
    return modules.stream().map(name).map(tensor).toArray(PtNDArray[]::new);
  }

  @Override
  public void updated(long step) {
    if (step < settings.lastAllocation()) {
      memory
          .module()
          .run(
              "importance",
              parameters.flatValues(),
              parameters.flatGradients(),
              mean.flat(),
              uncertainty.flat(),
              settings.beta1(),
              settings.beta2());
    }
    if (settings.allocates(step)) allocate(settings.budget(step, modules.size()));
    if (settings.allocates(step) || step > settings.lastAllocation()) mask();
    if (step == settings.lastAllocation()) {
      memory.zero(mean.flat());
      memory.zero(uncertainty.flat());
    }
  }

  private void allocate(int budget) {
    try (PtNDManager scope = memory.scope()) {
      PtNDArray[] scores =
          modules.stream().map(each -> scores(scope, each)).toArray(PtNDArray[]::new);
      PtNDArray[] masks = modules.stream().map(this::kept).toArray(PtNDArray[]::new);
      memory.module().run("allocate_ranks", scores, masks, budget);
    }
  }

  private PtNDArray scores(PtNDManager scope, RankTensors module) {
    return memory
        .module()
        .call(scope, "rank_scores", mean.of(module), uncertainty.of(module))
        .getFirst();
  }

  private void mask() {
    for (RankTensors each : modules) {
      memory.module().run("mask_ranks", parameters.value(each.e()), kept(each));
    }
  }

  private PtNDArray kept(RankTensors module) {
    return Objects.requireNonNull(kept.get(module.pattern()));
  }

  @Override
  public Map<String, PtNDArray> state() {
    Map<String, PtNDArray> state = new LinkedHashMap<>();
    for (RankTensors module : modules) {
      List<String> names = module.names();
      for (int i = 0; i < names.size(); i++) {
        state.put("exp_avg_ipt." + names.get(i), mean.of(module)[i]);
        state.put("exp_avg_unc." + names.get(i), uncertainty.of(module)[i]);
      }
    }
    return state;
  }
}
