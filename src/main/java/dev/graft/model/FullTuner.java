package dev.graft.model;

import dev.graft.spec.Freeze;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** Parameters of the base train, each from its own value: all of them, or the last ones. */
final class FullTuner implements Tuner {
  private final List<Parameter> parameters;

  private FullTuner(List<Parameter> parameters) {
    this.parameters = parameters;
  }

  public static FullTuner all(ModelConfig config) {
    return new FullTuner(config.parameters());
  }

  /**
   * The chosen parameters, and those of a head that the base does not have yet.
   *
   * @throws IllegalArgumentException if the method names what the base does not have
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

  /** Parameters come in the order of the forward pass. */
  private static Predicate<Parameter> lastLayers(int count, ModelConfig config) {
    int layers = config.numHiddenLayers();
    if (count > layers) {
      throw new IllegalArgumentException(
          "trainable_layers: is %d, the base has %d layers".formatted(count, layers));
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
            "trainable_prefixes: '%s' begins the name of no parameter, such as %s"
                .formatted(prefix, config.parameters().getLast().name()));
      }
    }
    return parameter -> prefixes.stream().anyMatch(parameter.name()::startsWith);
  }

  @Override
  public List<Slot> slots() {
    return parameters.stream().map(Slot::of).toList();
  }
}
