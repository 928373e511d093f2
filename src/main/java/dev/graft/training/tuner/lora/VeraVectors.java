package dev.graft.training.tuner.lora;

import dev.graft.spec.method.Vera;
import dev.graft.training.program.Statement;
import dev.graft.training.program.adapter.AdapterSum;
import dev.graft.training.program.adapter.Multiply;
import dev.graft.training.program.adapter.Project;
import dev.graft.training.program.layer.Dropout;
import dev.graft.training.program.layer.LinearLayer;
import dev.graft.training.program.layer.Widen;
import dev.graft.training.tuner.modules.AdaptedLayers;
import dev.graft.training.tuner.part.AdapterPart;
import dev.graft.training.tuner.part.LowRankUpdate;
import dev.graft.training.tuner.part.Slot;
import dev.graft.training.tuner.part.Starts;
import dev.graft.weights.config.ModelConfig;
import dev.graft.weights.tensor.NamedTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The two vectors of each adapted layer. */
public record VeraVectors(Vera method, AdaptedLayers layers) implements AdapterPart {
  /** (r, most features that come in); a layer uses its first columns. */
  public static final String A = "vera_A";

  /** (most features that go out, r); a layer uses its first rows. */
  public static final String B = "vera_B";

  private static final String LAMBDA_B = ".vera_lambda_b";
  private static final String LAMBDA_D = ".vera_lambda_d";

  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    for (ModelConfig.Linear each : layers.linears().values()) {
      slots.add(new Slot(each.path() + LAMBDA_B, each.outFeatures()));
      slots.add(new Slot(each.path() + LAMBDA_D, method.r()));
    }
    return slots;
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return slots().stream().map(slot -> start(slot, seed)).toList();
  }

  private NamedTensor start(Slot slot, long seed) {
    boolean d = slot.name().endsWith(LAMBDA_D);
    if (method.initWeights()) return Starts.constant(slot, d ? method.dInitial() : 0);
    return d ? Starts.normal(slot, 1, seed) : Starts.constant(slot, 1);
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return layers.rewrite(prefix, statements, this::beside);
  }

  private List<Statement> beside(LinearLayer layer, ModelConfig.Linear of) {
    String y = layer.output();
    List<Statement> path = new ArrayList<>();
    path.add(layer.named(y + "_dense"));
    String input = y + "_input";
    path.add(new Widen(input, layer.input()));
    if (method.veraDropout() > 0) {
      path.add(new Dropout(y + "_dropped", input, method.veraDropout()));
      input = y + "_dropped";
    }
    path.add(new Project(y + "_low", input, "/" + A, method.r(), of.inFeatures()));
    path.add(new Multiply(y + "_scaled", y + "_low", layer.module() + LAMBDA_D));
    path.add(new Project(y + "_wide", y + "_scaled", "/" + B, of.outFeatures(), method.r()));
    path.add(new Multiply(y + "_path", y + "_wide", layer.module() + LAMBDA_B));
    path.add(new AdapterSum(y, y + "_dense", y + "_path", 1));
    return path;
  }

  /** W + (lambda_b * B) (lambda_d * A). */
  @Override
  public float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    ModelConfig.Linear layer = layers.owner(name);
    if (layer == null || !name.endsWith(".weight")) return stored;
    float[] a = require(trained, A);
    float[] b = require(trained, B);
    float[] onB = require(trained, layer.path() + LAMBDA_B);
    float[] onD = require(trained, layer.path() + LAMBDA_D);
    int in = layer.inFeatures();
    int out = layer.outFeatures();
    int r = method.r();
    double[] row = new double[in];
    for (int o = 0; o < out; o++) {
      Arrays.fill(row, 0);
      for (int k = 0; k < r; k++) {
        double factor = (double) b[o * r + k] * onD[k];
        int from = k * (a.length / r);
        for (int i = 0; i < in; i++) row[i] += factor * a[from + i];
      }
      for (int i = 0; i < in; i++) {
        stored[layer.conv1d() ? i * out + o : o * in + i] += (float) (onB[o] * row[i]);
      }
    }
    return stored;
  }

  /** The vectors go into the parts of A and B that a layer uses. */
  @Override
  public List<LowRankUpdate> updates(Map<String, NamedTensor> trained) {
    float[] sharedA = require(trained, A);
    float[] sharedB = require(trained, B);
    int r = method.r();
    int width = sharedA.length / r;
    List<LowRankUpdate> updates = new ArrayList<>();
    for (ModelConfig.Linear each : layers.linears().values()) {
      float[] onB = require(trained, each.path() + LAMBDA_B);
      float[] onD = require(trained, each.path() + LAMBDA_D);
      int in = each.inFeatures();
      float[] a = new float[r * in];
      for (int i = 0; i < a.length; i++) a[i] = onD[i / in] * sharedA[i / in * width + i % in];
      float[] b = new float[each.outFeatures() * r];
      for (int i = 0; i < b.length; i++) b[i] = onB[i / r] * sharedB[i];
      updates.add(new LowRankUpdate(each, r, a, b, 1));
    }
    return updates;
  }

  private static float[] require(Map<String, NamedTensor> trained, String name) {
    return Objects.requireNonNull(trained.get(name), name).toFloats();
  }
}
