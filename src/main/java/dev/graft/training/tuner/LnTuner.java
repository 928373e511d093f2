package dev.graft.training.tuner;

import dev.graft.spec.LnTuning;
import dev.graft.training.program.Statement;
import dev.graft.weights.DefaultModules;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** LayerNorm tuning (Zhao et al. 2023): norms train from their own values. */
final class LnTuner implements Tuner {
  /** What PEFT puts between a norm and its parameter. */
  private static final String COPY = ".ln_tuning_layers.";

  private final ModelConfig config;
  private final Set<String> norms;
  private final SavedModules whole;

  LnTuner(LnTuning method, ModelDirectory base) {
    config = base.config();
    whole = SavedModules.of(method.modulesToSave(), base);
    norms = new LinkedHashSet<>();
    for (String path :
        LinearTargets.paths(
            DefaultModules.targets(method, config), method.modulesToSave(), config)) {
      if (!whole.covers(path)) norms.add(requireNorm(path));
    }
    if (norms.isEmpty()) throw new IllegalArgumentException("target_modules: no norm is left");
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
    slots.addAll(whole.slots());
    return slots;
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return List.of();
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return statements;
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    return Tuner.super.saved(trained.stream().map(this::asCopy).toList());
  }

  private NamedTensor asCopy(NamedTensor tensor) {
    int dot = tensor.name().lastIndexOf('.');
    String module = tensor.name().substring(0, dot);
    if (!norms.contains(module)) return tensor;
    return tensor.renamed(module + COPY + tensor.name().substring(dot + 1));
  }

  @Override
  public List<NamedTensor> read(List<NamedTensor> saved) {
    return Tuner.super.read(saved).stream()
        .map(each -> each.renamed(each.name().replace(COPY, ".")))
        .toList();
  }
}
