package dev.graft.training.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.spec.RankAllocation;
import dev.graft.training.tuner.Ranks;
import dev.graft.training.tuner.Tuner;
import java.util.Arrays;
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
  private final List<Ranks> modules;
  private final Map<String, PtNDArray> kept;
  private final Moments mean;
  private final Moments uncertainty;

  /** A vector laid out as the parameters, with the parts that belong to a, b and e of a module. */
  private record Moments(PtNDArray flat, Map<Ranks, PtNDArray[]> parts) {
    static Moments of(DeviceMemory memory, Parameters parameters, List<Ranks> modules) {
      PtNDArray flat = memory.zeros(parameters.flatValues().size());
      Map<Ranks, PtNDArray[]> parts = new LinkedHashMap<>();
      for (Ranks each : modules) {
        parts.put(
            each,
            each.names().stream()
                .map(name -> parameters.part(flat, name))
                .toArray(PtNDArray[]::new));
      }
      return new Moments(flat, parts);
    }

    PtNDArray[] of(Ranks module) {
      return Objects.requireNonNull(parts.get(module));
    }
  }

  /**
   * @param kept the masks (rank), 1 where a rank stays, by name
   */
  RankAllocator(
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
  public double regularise() {
    double each = settings.orthRegWeight() / (2 * modules.size());
    try (PtNDManager scope = memory.scope()) {
      return memory
          .module()
          .call(
              scope,
              "orthogonality",
              all(Ranks::a, parameters::value),
              all(Ranks::b, parameters::value),
              all(Ranks::a, parameters::gradient),
              all(Ranks::b, parameters::gradient),
              each)
          .getFirst()
          .getFloat();
    }
  }

  private PtNDArray[] all(Function<Ranks, String> name, Function<String, PtNDArray> tensor) {
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

  /** Keeps the ranks whose importance is above the best of those that must go. */
  private void allocate(int budget) {
    List<float[]> scores = modules.stream().map(this::scores).toList();
    int ranks = scores.stream().mapToInt(each -> each.length).sum();
    float[] sorted = new float[ranks];
    int n = 0;
    for (float[] each : scores) {
      System.arraycopy(each, 0, sorted, n, each.length);
      n += each.length;
    }
    Arrays.sort(sorted);
    float threshold = ranks > budget ? sorted[ranks - budget - 1] : Float.NEGATIVE_INFINITY;
    for (int m = 0; m < modules.size(); m++) {
      float[] stays = scores.get(m).clone();
      for (int r = 0; r < stays.length; r++) stays[r] = stays[r] > threshold ? 1 : 0;
      try (PtNDManager scope = memory.scope()) {
        memory.copy(kept(modules.get(m)), (PtNDArray) scope.create(stays));
      }
    }
  }

  private float[] scores(Ranks module) {
    try (PtNDManager scope = memory.scope()) {
      return memory
          .module()
          .call(scope, "rank_scores", mean.of(module), uncertainty.of(module))
          .getFirst()
          .toFloatArray();
    }
  }

  private void mask() {
    for (Ranks each : modules) {
      memory.module().run("mask_ranks", parameters.value(each.e()), kept(each));
    }
  }

  private PtNDArray kept(Ranks module) {
    return Objects.requireNonNull(kept.get(module.pattern()));
  }

  @Override
  public Map<String, PtNDArray> state() {
    Map<String, PtNDArray> state = new LinkedHashMap<>();
    for (Ranks module : modules) {
      List<String> names = module.names();
      for (int i = 0; i < names.size(); i++) {
        state.put("exp_avg_ipt." + names.get(i), mean.of(module)[i]);
        state.put("exp_avg_unc." + names.get(i), uncertainty.of(module)[i]);
      }
    }
    return state;
  }
}
