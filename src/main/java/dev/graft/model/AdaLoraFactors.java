package dev.graft.model;

import dev.graft.kernels.Elementwise.AdapterSum;
import dev.graft.kernels.Elementwise.Multiply;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Statement;
import dev.graft.spec.AdaLora;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** AdaLoRA's factors beside linear layers: A, B, and E between them. */
record AdaLoraFactors(AdaLora method, AdaptedLayers layers) implements AdapterPart {
  private static final double DEVIATION = 0.02;
  private static final String E = ".lora_E";
  private static final String WEIGHT = ".weight";

  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    for (ModelConfig.Linear each : layers.linears().values()) {
      RankTensors names = new RankTensors(each.path());
      int rank = method.rank(each.path());
      slots.add(new Slot(names.a(), rank, each.inFeatures()));
      slots.add(new Slot(names.b(), each.outFeatures(), rank));
      slots.add(new Slot(names.e(), rank, 1));
    }
    return slots;
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return slots().stream()
        .map(
            slot -> {
              if (!method.initLoraWeights()) return Starts.normal(slot, 1, seed);
              boolean e = slot.name().endsWith(E);
              return e ? Starts.zeros(slot) : Starts.normal(slot, DEVIATION, seed);
            })
        .toList();
  }

  List<RankTensors> modules() {
    return layers.linears().keySet().stream().map(RankTensors::new).toList();
  }

  /** Masks that take nothing away. */
  @Override
  public List<NamedTensor> frozen(long seed) {
    return modules().stream().map(each -> each.unmasked(method.rank(each.module()))).toList();
  }

  @Override
  public long frozenBytes() {
    return Float.BYTES * modules().stream().mapToLong(each -> method.rank(each.module())).sum();
  }

  @Override
  public Set<String> kept() {
    return modules().stream().map(RankTensors::pattern).collect(Collectors.toSet());
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return layers.rewrite(prefix, statements, (layer, of) -> beside(layer));
  }

  private List<Statement> beside(LinearLayer layer) {
    String y = layer.output();
    List<Statement> path = new ArrayList<>();
    String input = AdaptedLayers.begin(path, layer, method.loraDropout());
    path.add(new LinearLayer(y + "_low", input, layer.module() + ".lora_A", false));
    path.add(new Multiply(y + "_scaled", y + "_low", layer.module() + E));
    path.add(new LinearLayer(y + "_path", y + "_scaled", layer.module() + ".lora_B", false));
    path.add(new AdapterSum(y, y + "_dense", y + "_path", method.scale()));
    return path;
  }

  /** Here A and B are parameters of their own, not weights of modules. */
  @Override
  public String savedName(String slot) {
    boolean factor = slot.endsWith(WEIGHT);
    return AdapterPart.super.savedName(
        factor ? slot.substring(0, slot.length() - WEIGHT.length()) : slot);
  }

  /** W + scale B (E * A), of as many ranks as there are. */
  @Override
  public float[] merged(String name, WeightRows rows, Map<String, NamedTensor> trained) {
    ModelConfig.Linear layer = layers.owner(name);
    if (layer == null || !name.endsWith(WEIGHT)) return rows.values();
    RankTensors names = new RankTensors(layer.path());
    float[] b = Mergeable.floats(trained, names.b());
    float[] e = Mergeable.floats(trained, names.e());
    int r = e.length;
    WeightMatrix.of(layer, rows)
        .add(
            r, Mergeable.floats(trained, names.a()), i -> method.scale() * b[i] * e[i % r], o -> 1);
    return rows.values();
  }

  /** E goes into the rows of A. */
  @Override
  public List<LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    List<LowRankUpdate> updates = new ArrayList<>();
    for (ModelConfig.Linear each : layers.linears().values()) {
      RankTensors names = new RankTensors(each.path());
      float[] a = Mergeable.floats(trained, names.a());
      float[] e = Mergeable.floats(trained, names.e());
      for (int i = 0; i < a.length; i++) a[i] *= e[i / each.inFeatures()];
      float[] b = Mergeable.floats(trained, names.b());
      updates.add(new LowRankUpdate(each, e.length, a, b, method.scale()));
    }
    return updates;
  }
}
