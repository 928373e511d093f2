package dev.graft.model;

import dev.graft.kernels.Elementwise.AdapterSum;
import dev.graft.kernels.Elementwise.Multiply;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.LinearLayer.Project;
import dev.graft.kernels.Statement;
import dev.graft.spec.Vera;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * VeRA (Kopiczko et al. 2023): two trained vectors of each adapted layer, and random matrices that
 * all layers share.
 */
record VeraVectors(Vera method, AdaptedLayers layers) implements Trainable {
  /** (r, maximum input features); a layer uses its first columns. */
  private static final String A = "vera_A";

  /** (maximum output features, r); a layer uses its first rows. */
  private static final String B = "vera_B";

  /** Prefix of the shared matrices in PEFT's file; they belong to no module. */
  private static final String SHARED = "base_model.";

  private static final String LAMBDA_B = ".vera_lambda_b";
  private static final String LAMBDA_D = ".vera_lambda_d";

  public static Tuner tuner(Vera method, ModelDirectory base) {
    AdaptedLayers layers = AdaptedLayers.of(method, base);
    VeraVectors vectors = new VeraVectors(method, layers);
    return new PartsTuner(layers.with(vectors, method.bias(), base.config()));
  }

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

  /**
   * Returns the shared matrices as PEFT does: one generator, uniform within sqrt(6 / input
   * features).
   */
  @Override
  public List<NamedTensor> frozen(long seed) {
    TorchGenerator generator = new TorchGenerator(method.projectionPrngKey());
    return shared().stream().map(each -> generator.uniform(each, bound(each.shape()[1]))).toList();
  }

  private List<Slot> shared() {
    Collection<ModelConfig.Linear> linears = layers.linears().values();
    int in = linears.stream().mapToInt(ModelConfig.Linear::inFeatures).max().orElseThrow();
    int out = linears.stream().mapToInt(ModelConfig.Linear::outFeatures).max().orElseThrow();
    return List.of(new Slot(A, method.r(), in), new Slot(B, out, method.r()));
  }

  @Override
  public long frozenBytes() {
    return Float.BYTES * shared().stream().mapToLong(Slot::size).sum();
  }

  /** Computes the bound in PEFT's order of operations, for equal bits. */
  private static double bound(long features) {
    return Math.sqrt(3) * (Math.sqrt(2) / Math.sqrt(features));
  }

  @Override
  public Set<String> kept() {
    return method.saveProjection() ? Set.of(A, B) : Set.of();
  }

  @Override
  public String savedName(String name) {
    return kept().contains(name) ? SHARED + name : Trainable.super.savedName(name);
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return layers.rewrite(prefix, statements, this::beside);
  }

  private List<Statement> beside(LinearLayer layer, ModelConfig.Linear of) {
    String y = layer.output();
    List<Statement> path = new ArrayList<>();
    String input = AdaptedLayers.begin(path, layer, method.veraDropout());
    path.add(new Project(y + "_low", input, "/" + A, method.r(), of.inFeatures()));
    path.add(new Multiply(y + "_scaled", y + "_low", layer.module() + LAMBDA_D));
    path.add(new Project(y + "_wide", y + "_scaled", "/" + B, of.outFeatures(), method.r()));
    path.add(new Multiply(y + "_path", y + "_wide", layer.module() + LAMBDA_B));
    path.add(new AdapterSum(y, y + "_dense", y + "_path", 1));
    return path;
  }

  /** Adds (lambda_b * B) (lambda_d * A) to W. */
  @Override
  public float[] merged(String name, Tuner.WeightRows rows, Map<String, NamedTensor> trained) {
    ModelConfig.Linear layer = layers.owner(name);
    if (layer == null || !name.endsWith(".weight")) return rows.values();
    float[] b = Trainable.floats(trained, B);
    float[] onB = Trainable.floats(trained, layer.path() + LAMBDA_B);
    float[] onD = Trainable.floats(trained, layer.path() + LAMBDA_D);
    int r = method.r();
    WeightMatrix.of(layer, rows)
        .add(r, Trainable.floats(trained, A), i -> (double) b[i] * onD[i % r], o -> onB[o]);
    return rows.values();
  }

  /** Multiplies the parts of A and B that a layer uses by the vectors. */
  @Override
  public List<Tuner.LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    float[] sharedA = Trainable.floats(trained, A);
    float[] sharedB = Trainable.floats(trained, B);
    int r = method.r();
    int width = sharedA.length / r;
    List<Tuner.LowRankUpdate> updates = new ArrayList<>();
    for (ModelConfig.Linear each : layers.linears().values()) {
      float[] onB = Trainable.floats(trained, each.path() + LAMBDA_B);
      float[] onD = Trainable.floats(trained, each.path() + LAMBDA_D);
      int in = each.inFeatures();
      float[] a = new float[r * in];
      for (int i = 0; i < a.length; i++) a[i] = onD[i / in] * sharedA[i / in * width + i % in];
      float[] b = new float[each.outFeatures() * r];
      for (int i = 0; i < b.length; i++) b[i] = onB[i / r] * sharedB[i];
      updates.add(new Tuner.LowRankUpdate(each, r, a, b, 1));
    }
    return updates;
  }
}
