package dev.graft.training.tuner;

import dev.graft.spec.method.LnTuning;
import dev.graft.training.tuner.modules.SavedModules;
import dev.graft.training.tuner.part.AdapterPart;
import dev.graft.training.tuner.part.Slot;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.adapter.DefaultModules;
import dev.graft.weights.adapter.LinearTargets;
import dev.graft.weights.config.ModelConfig;
import dev.graft.weights.config.ModelConfig.Kind;
import dev.graft.weights.config.ModelConfig.Parameter;
import java.util.ArrayList;
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

  static Tuner tuner(LnTuning method, ModelDirectory base) {
    SavedModules whole = SavedModules.of(method.modulesToSave(), base);
    return new PartsTuner(List.of(new TunedNorms(method, whole, base.config()), whole));
  }

  private String requireNorm(String path) {
    boolean norm =
        config.parameters().stream().anyMatch(each -> module(each).equals(path) && isNorm(each));
    if (norm) return path;
    throw new IllegalArgumentException("target_modules: '%s' is no norm".formatted(path));
  }

  private static boolean isNorm(Parameter parameter) {
    return switch (parameter.kind()) {
      case RMS_NORM, LAYER_NORM -> true;
      case LINEAR, CONV1D, EMBEDDING -> false;
    };
  }

  private static String module(Parameter parameter) {
    return parameter.name().substring(0, parameter.name().lastIndexOf('.'));
  }

  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    for (Parameter each : config.parameters()) {
      if (norms.contains(module(each))) {
        slots.add(new Slot(each.name(), each.shape(), each.kind() == Kind.LAYER_NORM));
      }
    }
    return slots;
  }

  @Override
  public String saved(String slot) {
    int dot = slot.lastIndexOf('.');
    return slot.substring(0, dot) + COPY + slot.substring(dot);
  }
}
