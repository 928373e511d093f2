package dev.graft.training;

import dev.graft.model.SavedTensors;
import dev.graft.model.Tuner;
import dev.graft.model.Tuner.LowRankUpdate;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.weights.AdapterCard;
import dev.graft.weights.Dtype;
import dev.graft.weights.LoaderRules;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.gguf.GgufAdapter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * An adapter as plain LoRA: one rank, {@code lora_alpha} equal to it, no other trained tensors. The
 * scale is folded into B; smaller ranks are filled with zeros, and so are layers without an adapter
 * if others of their kind have one. All programs that support LoRA interpret it alike.
 *
 * @param tensors factors by PEFT's names, in the order of the layers
 */
record PlainForm(Lora method, List<NamedTensor> tensors) {
  /**
   * Writes a PEFT directory.
   *
   * @param adapter as it was trained
   * @throws IllegalArgumentException if it has no such form, or does not fit the base
   * @throws dev.graft.weights.BadModel if a tensor is not what its configuration asks for
   * @throws java.io.UncheckedIOException if a file cannot be written
   */
  public static void write(
      Path directory,
      ModelDirectory base,
      String baseModelName,
      SavedAdapter adapter,
      Map<String, String> facts) {
    PlainForm plain = of(base, adapter);
    PeftDirectory.write(directory, base, baseModelName, plain.method, plain.tensors, facts);
  }

  /** Returns the plain form in memory. */
  static PlainForm of(ModelDirectory base, SavedAdapter adapter) {
    return of(base, updates(base, adapter));
  }

  /**
   * @throws IllegalArgumentException if the adapter has no plain factors
   */
  static List<LowRankUpdate> updates(ModelDirectory base, SavedAdapter adapter) {
    Tuner tuner = Tuner.of(adapter.method(), base);
    List<LowRankUpdate> updates =
        tuner.plain(NamedTensor.byName(SavedTensors.of(tuner, adapter, base.config())));
    if (!updates.isEmpty()) return updates;
    throw new IllegalArgumentException("the adapter cannot be written as plain factors of LoRA");
  }

  static PlainForm of(ModelDirectory base, List<LowRankUpdate> updates) {
    Map<Linear, LowRankUpdate> byLayer = everywhere(updates, base);
    int rank = updates.stream().mapToInt(LowRankUpdate::rank).max().orElse(1);
    List<String> paths = byLayer.keySet().stream().map(Linear::path).toList();
    Lora plain = new Lora(Math.max(1, rank), Math.max(1, rank), 0, new TargetModules.Names(paths));
    List<NamedTensor> tensors = new ArrayList<>();
    byLayer.values().forEach(each -> add(tensors, each, plain.r()));
    return new PlainForm(plain, tensors);
  }

  /**
   * Returns the updates in the order of the layers, with zeros for layers whose kind has updates
   * elsewhere.
   */
  private static Map<Linear, LowRankUpdate> everywhere(
      List<LowRankUpdate> updates, ModelDirectory base) {
    Map<String, LowRankUpdate> known = new LinkedHashMap<>();
    updates.forEach(each -> known.put(each.linear().path(), each));
    var kinds = updates.stream().map(each -> kind(each.linear())).collect(Collectors.toSet());
    Map<Linear, LowRankUpdate> all = new LinkedHashMap<>();
    for (Linear each : base.config().linearModules()) {
      LowRankUpdate update = known.get(each.path());
      if (update == null && !kinds.contains(kind(each))) continue;
      all.put(
          each,
          update != null ? update : new LowRankUpdate(each, 0, new float[0], new float[0], 1));
    }
    return all;
  }

  private static String kind(Linear linear) {
    return linear.path().replaceAll("\\.[0-9]+\\.", ".N.");
  }

  private static void add(List<NamedTensor> tensors, LowRankUpdate update, int rank) {
    Linear linear = update.linear();
    int in = linear.inFeatures();
    int out = linear.outFeatures();
    float[] a = Arrays.copyOf(update.a(), rank * in);
    float[] b = new float[out * rank];
    for (int o = 0; o < out; o++) {
      for (int k = 0; k < update.rank(); k++) {
        b[o * rank + k] = (float) (update.scale() * update.b()[o * update.rank() + k]);
      }
    }
    String module = SavedAdapter.PEFT_PREFIX + linear.path();
    tensors.add(NamedTensor.of(module + ".lora_A.weight", a, rank, in));
    tensors.add(NamedTensor.of(module + ".lora_B.weight", b, out, rank));
  }

  /**
   * Writes an adapter as one file for llama.cpp, in a form that llama.cpp supports.
   *
   * @param card metadata of the file
   * @param type of the factors: F32, F16 or BF16
   * @throws IllegalArgumentException if llama.cpp supports no form of it, or it does not fit the
   *     base
   * @throws dev.graft.weights.BadModel if a tensor is not what its configuration asks for
   * @throws java.io.UncheckedIOException if the file cannot be written
   */
  public static void writeGguf(
      Path file, ModelDirectory base, SavedAdapter adapter, AdapterCard card, Dtype type) {
    PlainForm factors =
        switch (LoaderRules.ggufFactors(adapter.method(), base.config())) {
          case AS_TRAINED -> asTrained(base, adapter);
          case PLAIN -> PlainForm.of(base, adapter);
        };
    GgufAdapter.write(
        file, base.config(), factors.method().loraAlpha(), factors.tensors(), card, type);
  }

  private static PlainForm asTrained(ModelDirectory base, SavedAdapter adapter) {
    AdapterMethod method = adapter.method();
    if (!(method instanceof Lora lora)) {
      throw new IllegalArgumentException("the adapter is not a LoRA");
    }
    SavedTensors.of(
        Tuner.of(lora, base), adapter, base.config()); // rejects an adapter that does not fit
    return new PlainForm(lora, adapter.tensors());
  }
}
