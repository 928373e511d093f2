package dev.graft.model;

import dev.graft.spec.LnTuning;
import dev.graft.weights.LinearTargets.DefaultModules;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The norms that train from their own values: LayerNorm tuning (Zhao et al. 2023). */
final class TunedNorms implements AdapterPart {
  /** What PEFT puts between a norm and its parameter. */
  private static final String COPY = ".ln_tuning_layers";

  private final ModelConfig config;
  private final Set<String> norms;

  private TunedNorms(LnTuning method, SavedModules whole, ModelConfig config) {
    this.config = config;
    norms = new LinkedHashSet<>();
    for (String path :
        LinearTargets.paths(
            DefaultModules.targets(method, config), method.modulesToSave(), config)) {
      if (!whole.covers(path)) norms.add(requireNorm(path));
    }
    if (norms.isEmpty()) throw new IllegalArgumentException("target_modules: no norm is left");
  }

  public static Tuner tuner(LnTuning method, ModelDirectory base) {
    SavedModules whole = SavedModules.of(method.modulesToSave(), base);
    return new PartsTuner(List.of(new TunedNorms(method, whole, base.config()), whole));
  }

  private String requireNorm(String path) {
    boolean norm =
        config.parameters().stream().anyMatch(each -> each.module().equals(path) && isNorm(each));
    if (norm) return path;
    throw new IllegalArgumentException("target_modules: '%s' is no norm".formatted(path));
  }

  private static boolean isNorm(Parameter parameter) {
    return switch (parameter.kind()) {
      case RMS_NORM, LAYER_NORM -> true;
      case LINEAR, CONV1D, EMBEDDING -> false;
    };
  }

  @Override
  public List<Slot> slots() {
    return config.parameters().stream()
        .filter(each -> norms.contains(each.module()))
        .map(Slot::of)
        .toList();
  }

  @Override
  public String savedName(String slot) {
    int dot = slot.lastIndexOf('.');
    return AdapterPart.super.savedName(slot.substring(0, dot) + COPY + slot.substring(dot));
  }
}
