package dev.graft.training.tuner.lora;

import dev.graft.spec.method.AdaLora;
import dev.graft.training.program.Statement;
import dev.graft.training.program.adapter.AdapterSum;
import dev.graft.training.program.adapter.Multiply;
import dev.graft.training.program.layer.Dropout;
import dev.graft.training.program.layer.LinearLayer;
import dev.graft.training.program.layer.Widen;
import dev.graft.training.tuner.modules.AdaptedLayers;
import dev.graft.training.tuner.part.AdapterPart;
import dev.graft.training.tuner.part.LowRankUpdate;
import dev.graft.training.tuner.part.RankTensors;
import dev.graft.training.tuner.part.Slot;
import dev.graft.training.tuner.part.Starts;
import dev.graft.weights.config.ModelConfig;
import dev.graft.weights.tensor.NamedTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** AdaLoRA's factors beside linear layers: A, B, and E between them. */
public record AdaLoraFactors(AdaLora method, AdaptedLayers layers) implements AdapterPart {
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

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return layers.rewrite(prefix, statements, (layer, of) -> beside(layer));
  }

  private List<Statement> beside(LinearLayer layer) {
    String y = layer.output();
    List<Statement> path = new ArrayList<>();
    path.add(layer.named(y + "_dense"));
    String input = y + "_input";
    path.add(new Widen(input, layer.input()));
    if (method.loraDropout() > 0) {
      path.add(new Dropout(y + "_dropped", input, method.loraDropout()));
      input = y + "_dropped";
    }
    path.add(new LinearLayer(y + "_low", input, layer.module() + ".lora_A", false));
    path.add(new Multiply(y + "_scaled", y + "_low", layer.module() + E));
    path.add(new LinearLayer(y + "_path", y + "_scaled", layer.module() + ".lora_B", false));
    path.add(new AdapterSum(y, y + "_dense", y + "_path", method.scale()));
    return path;
  }

  /** Here A and B are parameters of their own, not weights of modules. */
  @Override
  public String saved(String slot) {
    return slot.endsWith(WEIGHT) ? slot.substring(0, slot.length() - WEIGHT.length()) : slot;
  }

  /** W + scale B (E * A), of as many ranks as there are. */
  @Override
  public float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    ModelConfig.Linear layer = layers.owner(name);
    if (layer == null || !name.endsWith(WEIGHT)) return stored;
    RankTensors names = new RankTensors(layer.path());
    float[] a = require(trained, names.a());
    float[] b = require(trained, names.b());
    float[] e = require(trained, names.e());
    int in = layer.inFeatures();
    int out = layer.outFeatures();
    double[] row = new double[in];
    for (int o = 0; o < out; o++) {
      Arrays.fill(row, 0);
      for (int k = 0; k < e.length; k++) {
        double factor = method.scale() * b[o * e.length + k] * e[k];
        for (int i = 0; i < in; i++) row[i] += factor * a[k * in + i];
      }
      for (int i = 0; i < in; i++) {
        stored[layer.conv1d() ? i * out + o : o * in + i] += (float) row[i];
      }
    }
    return stored;
  }

  /** E goes into the rows of A. */
  @Override
  public List<LowRankUpdate> updates(Map<String, NamedTensor> trained) {
    List<LowRankUpdate> updates = new ArrayList<>();
    for (ModelConfig.Linear each : layers.linears().values()) {
      RankTensors names = new RankTensors(each.path());
      float[] a = require(trained, names.a());
      float[] e = require(trained, names.e());
      for (int i = 0; i < a.length; i++) a[i] *= e[i / each.inFeatures()];
      float[] b = require(trained, names.b());
      updates.add(new LowRankUpdate(each, e.length, a, b, method.scale()));
    }
    return updates;
  }

  private static float[] require(Map<String, NamedTensor> trained, String name) {
    return Objects.requireNonNull(trained.get(name), name).toFloats();
  }
}
