package dev.graft.training;

import dev.graft.model.ComputePlan;
import dev.graft.model.MicroBatch;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.PairLogps;
import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.model.PendingLoss;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainableModel.NonfiniteGradients;
import dev.graft.spec.Lora;
import dev.graft.training.Checkpoints.CheckpointManifest.Environment;
import dev.graft.weights.Dtype;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A model whose loss is a square per token: enough to see order, divisors, dropout keys and state
 * in its weights. The factors of LoRA are its parameters, so that the real exporter takes them.
 */
public final class FakeModel implements TrainableModel {
  private final List<ModelConfig.Linear> linears;
  private final int r;
  private final float[] w = new float[64];
  private final float[] m = new float[64];
  private final float[] v = new float[64];
  private final double[] gradient = new double[64];
  private long updates;

  /** Set to a step that shall give NaN. */
  public static final AtomicLong NAN_AT = new AtomicLong(-1);

  /** How many such steps there are, if they are left out. */
  public static final AtomicLong NAN_STEPS = new AtomicLong(Long.MAX_VALUE);

  /** Updates that still find gradients that are too large, from the fourth on. */
  public static final AtomicLong OVERFLOWS = new AtomicLong();

  public static final FineTune.ModelSource SOURCE =
      new FineTune.ModelSource() {
        @Override
        public TrainableModel open(
            ModelDirectory base, TrainingRun run, ComputePlan plan, KernelModels.DataStart start) {
          var lora = (Lora) run.spec().method();
          return new FakeModel(
              LinearTargets.select(lora.targets(), List.of(), base.config()), lora.r());
        }

        @Override
        public Environment environment(int threads) {
          return new Environment("none", threads, "none");
        }
      };

  private FakeModel(List<ModelConfig.Linear> linears, int r) {
    this.linears = linears;
    this.r = r;
  }

  @Override
  public PendingLoss enqueue(MicroBatch batch, double divisor, long dropoutSeed) {
    return PendingLoss.of(loss(batch, divisor, dropoutSeed));
  }

  @Override
  public TokenLoss evaluate(MicroBatch batch) {
    return loss(batch, 0, 0);
  }

  private TokenLoss loss(MicroBatch rows, double divisor, long dropoutSeed) {
    TokenBatch batch = (TokenBatch) rows;
    double sum = updates == NAN_AT.get() ? Double.NaN : 0;
    long tokens = 0;
    for (int row = 0; row < batch.labels().length; row++) {
      for (int t = 1; t < batch.labels()[row].length; t++) {
        int label = batch.labels()[row][t];
        if (label == TokenBatch.IGNORE) continue;
        int i = (batch.inputIds()[row][t - 1] * 7 + label) % w.length;
        double difference = w[i] - label / 100.0 - (dropoutSeed % 13) * 1e-4;
        sum += difference * difference;
        if (divisor > 0) gradient[i] += 2 * difference / divisor;
        tokens++;
      }
    }
    return new TokenLoss(sum, tokens, 0);
  }

  @Override
  public PairLogps reference(PairBatch pairs) {
    throw new UnsupportedOperationException();
  }

  @Override
  public double update(double rate) {
    if (updates == 3 && OVERFLOWS.get() > 0) throw new NonfiniteGradients(4);
    updates++;
    double norm = Math.sqrt(Arrays.stream(gradient).map(g -> g * g).sum());
    for (int i = 0; i < w.length; i++) {
      m[i] = (float) (0.9 * m[i] + 0.1 * gradient[i]);
      v[i] = (float) (0.999 * v[i] + 0.001 * gradient[i] * gradient[i]);
      double unbiased = m[i] / (1 - Math.pow(0.9, updates));
      double spread = Math.sqrt(v[i] / (1 - Math.pow(0.999, updates)));
      w[i] -= (float) (rate * unbiased / (spread + 1e-8));
    }
    Arrays.fill(gradient, 0);
    return norm;
  }

  @Override
  public boolean lowerLossScale() {
    return OVERFLOWS.getAndDecrement() > 0;
  }

  @Override
  public void discard() {
    Arrays.fill(gradient, 0);
    if (NAN_STEPS.decrementAndGet() == 0) NAN_AT.set(-1);
  }

  @Override
  public List<NamedTensor> trained() {
    List<NamedTensor> all = new ArrayList<>();
    for (ModelConfig.Linear linear : linears) {
      all.add(tensor(linear.path() + ".lora_A.weight", r, linear.inFeatures()));
      all.add(tensor(linear.path() + ".lora_B.weight", linear.outFeatures(), r));
    }
    return all;
  }

  /** The weights over and over, so that every tensor tells them. */
  private NamedTensor tensor(String name, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) values[i] = w[i % w.length];
    return tensor(name, new long[] {rows, columns}, values);
  }

  private static NamedTensor tensor(String name, long[] shape, float[] values) {
    ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    data.asFloatBuffer().put(values);
    return new NamedTensor(name, Dtype.F32, shape, data);
  }

  @Override
  public List<NamedTensor> saved() {
    return trained().stream().map(each -> each.renamed("base_model.model." + each.name())).toList();
  }

  @Override
  public void loadSaved(List<NamedTensor> saved) {
    throw new UnsupportedOperationException();
  }

  @Override
  public List<NamedTensor> optimizerState() {
    return List.of(
        tensor("exp_avg", new long[] {m.length}, m), tensor("exp_avg_sq", new long[] {64}, v));
  }

  @Override
  public void restore(List<NamedTensor> trained, List<NamedTensor> state, long updates) {
    trained.stream()
        .filter(t -> t.data().byteSize() >= 4 * w.length)
        .findFirst()
        .orElseThrow()
        .data()
        .copyTo(0, MemorySegment.ofArray(w));
    state.get(0).data().copyTo(0, MemorySegment.ofArray(m));
    state.get(1).data().copyTo(0, MemorySegment.ofArray(v));
    this.updates = updates;
  }

  @Override
  public void load(List<NamedTensor> trained) {
    restore(trained, optimizerState(), updates);
  }

  @Override
  public float[][][] logits(int[][] inputIds) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long updates() {
    return updates;
  }

  @Override
  public long trainableParameters() {
    return w.length;
  }

  @Override
  public void close() {}
}
