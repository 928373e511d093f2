package dev.graft.model;

import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.weights.LinearTargets.AdaptedModules;
import dev.graft.weights.Leaf;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** LoRA (Hu et al. 2021) with what PEFT's {@code LoraConfig} lets train beside its factors. */
final class LoraTuner extends PartsTuner {
  private final Lora method;

  public LoraTuner(Lora method, ModelDirectory base) {
    super(parts(method, base));
    this.method = method;
  }

  private static List<AdapterPart> parts(Lora method, ModelDirectory base) {
    ModelConfig config = base.config();
    List<String> toSave = method.extras().modulesToSave();
    SavedModules whole = SavedModules.of(toSave, base);
    AdaptedModules modules = AdaptedModules.of(method.targets(), toSave, config);
    List<ModelConfig.Linear> linears =
        modules.linears().stream().filter(each -> !whole.covers(each.path())).toList();
    List<Leaf> tables =
        modules.tables().stream().filter(each -> !whole.covers(each.path())).toList();
    Set<String> adapted =
        linears.stream().map(ModelConfig.Linear::path).collect(Collectors.toSet());
    Set<String> all = new HashSet<>(adapted);
    tables.forEach(each -> all.add(each.path()));
    if (modules.output()) all.add(config.outputModule());
    List<AdapterPart> parts = new ArrayList<>();
    parts.add(new LinearFactors(method, linears, base));
    parts.add(new EmbeddingFactors(method, tables, base));
    if (modules.output()) parts.add(new OutputFactors(method, base));
    parts.add(new TrainedTokens(method.extras().trainableTokenIndices(), all, whole, base));
    parts.add(new TrainedBiases(method.variant().bias(), adapted, whole, config));
    parts.add(whole);
    return parts;
  }

  @Override
  public @Nullable SavedResult converted(List<NamedTensor> values) {
    // EVA has given it ranks that nobody asked for
    if (method.initLoraWeights() instanceof LoraInit.Eva) {
      return new SavedResult(method, saved(values));
    }
    if (!method.initLoraWeights().changesBase()) return null;
    PlainLora plain = PlainLora.of(method, values);
    return new SavedResult(plain.method(), saved(plain.values()));
  }
}
