package dev.graft.kernels;

import dev.graft.spec.AdaLora;
import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Prompted;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Targets;
import dev.graft.spec.Vera;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Kind;
import dev.graft.weights.Task;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Methods in all their kinds, with modules named as a family names them, so that each fits it. */
final class FittingMethods {
  private static final RankAllocation RANKS =
      new RankAllocation(4, 2, 40, 0, 1, 60, 0.85, 0.85, 0.5);

  private FittingMethods() {}

  /** Every method that there is. */
  static Set<Class<?>> all() {
    return leaves(AdapterMethod.class).collect(Collectors.toSet());
  }

  private static Stream<Class<?>> leaves(Class<?> type) {
    if (!type.isSealed()) return Stream.of(type);
    return Arrays.stream(type.getPermittedSubclasses()).flatMap(FittingMethods::leaves);
  }

  /** Whether a family can have it: virtual tokens are not supported for a classification. */
  static boolean fits(Class<?> method, ModelConfig config) {
    return config.task() instanceof Task.CausalLm || !Prompted.class.isAssignableFrom(method);
  }

  static List<AdapterMethod> of(ModelConfig config) {
    return Stream.of(lora(config), targeted(config), whole(), prompted())
        .flatMap(each -> each)
        .filter(method -> fits(method.getClass(), config))
        .toList();
  }

  private static Stream<AdapterMethod> lora(ModelConfig config) {
    Targets linear = new Targets(new TargetModules.AllLinear());
    var plain = new Lora(4, 8, 0.1, linear.targetModules());
    var tables =
        new TargetModules.Names(
            Stream.of(Kind.LINEAR, Kind.CONV1D, Kind.EMBEDDING)
                .flatMap(kind -> modules(config, kind).limit(1))
                .toList());
    return Stream.of(
        plain.startingAs(new LoraInit.Random()),
        plain.as(new LoraVariant(true, true, false, Bias.NONE)),
        new Lora(4, 8, 0, tables).as(new LoraVariant(false, false, false, Bias.ALL)),
        new Lora(
            4, 8, 0, new TargetModules.Names(modules(config, Kind.EMBEDDING).limit(1).toList())),
        new AdaLora(RANKS, 8, 16, 0.5, linear, true, Bias.NONE, new TreeMap<>(), List.of()),
        new Vera(8, linear, 0.5, 0.1, true, Bias.NONE, 0, true, List.of()));
  }

  private static Stream<AdapterMethod> targeted(ModelConfig config) {
    List<String> layers =
        Stream.of(Kind.LINEAR, Kind.CONV1D).flatMap(kind -> modules(config, kind)).toList();
    List<String> norms =
        Stream.of(Kind.RMS_NORM, Kind.LAYER_NORM).flatMap(kind -> modules(config, kind)).toList();
    return Stream.of(
        new Ia3(
            new Targets(new TargetModules.Names(layers)),
            new TargetModules.Names(List.of(layers.getLast())),
            true,
            List.of()),
        new LnTuning(new Targets(new TargetModules.Names(norms)), List.of()));
  }

  /** Last parts of the paths of modules within layers, and the table of tokens. */
  private static Stream<String> modules(ModelConfig config, Kind kind) {
    String layer = config.layerPrefix(0);
    return config.parameters().stream()
        .filter(each -> each.kind() == kind)
        .map(ModelConfig.Parameter::module)
        .filter(path -> kind == Kind.EMBEDDING || path.startsWith(layer))
        .map(path -> path.substring(path.lastIndexOf('.') + 1))
        .distinct();
  }

  private static Stream<AdapterMethod> whole() {
    return Stream.concat(
        Arrays.stream(Bottleneck.Variant.values()).map(Bottleneck::new),
        Stream.of(new Freeze(1, List.of()), new AdapterMethod.Full()));
  }

  private static Stream<AdapterMethod> prompted() {
    return Stream.of(
        new PromptTuning(4, new PromptTuning.Init.Random()),
        new PTuning(4, PTuning.Encoder.MLP, null, 1),
        new PTuning(4, PTuning.Encoder.LSTM, null, 2),
        new PrefixTuning(5, false, null, false),
        new PrefixTuning(5, true, null, false));
  }
}
