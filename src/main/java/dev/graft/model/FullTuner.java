package dev.graft.model;

import dev.graft.spec.Freeze;
import dev.graft.spec.LnTuning;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.LinearTargets.DefaultModules;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Trains parameters of the base from their own values: all of them, or some. */
final class FullTuner implements Tuner {
  private final List<Parameter> parameters;

  private FullTuner(List<Parameter> parameters) {
    this.parameters = parameters;
  }

  public static FullTuner all(ModelConfig config) {
    return new FullTuner(config.parameters());
  }

  /**
   * Returns a tuner of the chosen parameters, and of those of a head that the base lacks.
   *
   * @throws IllegalArgumentException if the method names layers or parameters that the base lacks
   */
  public static FullTuner of(Freeze method, ModelDirectory base) {
    ModelConfig config = base.config();
    Predicate<Parameter> trains =
        method.trainableLayers() > 0
            ? lastLayers(method.trainableLayers(), config)
            : withPrefix(method.trainablePrefixes(), config);
    List<String> fresh = NewHead.of(base).stream().map(Parameter::name).toList();
    return new FullTuner(
        config.parameters().stream()
            .filter(each -> fresh.contains(each.name()) || trains.test(each))
            .toList());
  }

  /**
   * Selects the last layers and everything after them; parameters are in the order of the forward
   * pass.
   */
  private static Predicate<Parameter> lastLayers(int count, ModelConfig config) {
    int layers = config.numHiddenLayers();
    if (count > layers) {
      throw new IllegalArgumentException(
          "trainable_layers: %d is more than the %d layers of the base".formatted(count, layers));
    }
    List<String> names = config.parameters().stream().map(Parameter::name).toList();
    String first = config.layerPrefix(layers - count);
    int from = 0;
    while (!names.get(from).startsWith(first)) from++;
    Set<String> last = Set.copyOf(names.subList(from, names.size()));
    return parameter -> last.contains(parameter.name());
  }

  private static Predicate<Parameter> withPrefix(List<String> prefixes, ModelConfig config) {
    for (String prefix : prefixes) {
      if (config.parameters().stream().noneMatch(each -> each.name().startsWith(prefix))) {
        throw new IllegalArgumentException(
            "trainable_prefixes: no parameter name starts with '%s'; an existing name is %s"
                .formatted(prefix, config.parameters().getLast().name()));
      }
    }
    return parameter -> prefixes.stream().anyMatch(parameter.name()::startsWith);
  }

  @Override
  public List<Slot> slots() {
    return parameters.stream().map(Slot::of).toList();
  }

  /** LayerNorm tuning (Zhao et al. 2023): the norms train from their own values. */
  static final class TunedNorms implements Trainable {
    /** PEFT's name between that of a norm and that of its parameter. */
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
      if (norms.isEmpty())
        throw new IllegalArgumentException("target_modules: no norm is selected");
    }

    public static Tuner tuner(LnTuning method, ModelDirectory base) {
      SavedModules whole = SavedModules.of(method.modulesToSave(), base);
      return new PartsTuner(List.of(new TunedNorms(method, whole, base.config()), whole));
    }

    private String requireNorm(String path) {
      boolean norm =
          config.parameters().stream().anyMatch(each -> each.module().equals(path) && isNorm(each));
      if (norm) return path;
      throw new IllegalArgumentException("target_modules: '%s' is not a norm".formatted(path));
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
      return Trainable.super.savedName(slot.substring(0, dot) + COPY + slot.substring(dot));
    }
  }
}
