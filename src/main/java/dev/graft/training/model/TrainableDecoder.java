package dev.graft.training.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.training.MicroBatch;
import dev.graft.training.TokenLoss;
import dev.graft.training.TrainableModel;
import dev.graft.weights.NamedTensor;
import java.util.List;

/** A decoder with parameters that train: the step of the recipe, one method a part. */
final class TrainableDecoder implements TrainableModel {
  private final DeviceMemory memory;
  private final Decoder decoder;
  private final Parameters parameters;
  private final Plan plan;
  private final double dropout;
  private final RopeTable rope;
  private final int vocabulary;

  /** Lowest layer that trains; the way down ends there. */
  private final int lowest;

  private final boolean embeddingTrains;
  private final PtNDArray[] headGradients;

  TrainableDecoder(
      DeviceMemory memory, Decoder decoder, Parameters parameters, Plan plan, double dropout) {
    this.memory = memory;
    this.decoder = decoder;
    this.parameters = parameters;
    this.plan = plan;
    this.dropout = dropout;
    Family family = decoder.family();
    rope = new RopeTable(family.inverseFrequencies());
    vocabulary = family.config().vocabSize();
    embeddingTrains = parameters.contains(family.embedding());
    headGradients =
        parameters.contains(family.head())
            ? new PtNDArray[] {
              parameters.gradient(family.finalNorm()), parameters.gradient(family.head())
            }
            : new PtNDArray[0];
    int first = 0;
    while (!decoder.layers().get(first).trains()) first++;
    lowest = first;
  }

  @Override
  public TokenLoss accumulate(MicroBatch batch, double divisor, long dropoutSeed) {
    if (!(divisor > 0)) throw new IllegalArgumentException("the divisor must be > 0");
    if (batch.targets() == 0) return TokenLoss.ZERO;
    PaddedBatch padded = PaddedBatch.of(batch, vocabulary);
    try (PtNDManager scope = memory.scope();
        LayerPass pass = pass(scope, padded, dropout, dropoutSeed)) {
      PtNDArray ids = (PtNDArray) scope.create(padded.ids());
      IValue x = pass.up(decoder.embed(ids), lowest);
      List<PtNDArray> head = headBackward(scope, padded, x, 1 / divisor);
      IValue g = IValue.from(head.getFirst());
      head.getFirst().close();
      IValue dx = pass.down(g, lowest, embeddingTrains);
      if (dx != null) {
        if (embeddingTrains) {
          PtNDArray gradient = parameters.gradient(decoder.family().embedding());
          decoder.module().run("embed_backward", gradient, dx, ids);
        }
        dx.close();
      }
      return loss(padded, head.get(1), head.get(2));
    }
  }

  /** Gradient at x, sum of the loss, number of correct predictions. */
  private List<PtNDArray> headBackward(
      PtNDManager scope, PaddedBatch batch, IValue x, double scale) {
    Family family = decoder.family();
    String method = plan.kind() == Plan.Kind.AUTOGRAD ? "head_autograd" : "head_backward";
    try (x) {
      return decoder
          .module()
          .call(
              scope,
              method,
              x,
              scope.create(batch.positions()),
              scope.create(batch.targets()),
              decoder.tensor(family.finalNorm()),
              decoder.tensor(family.head()),
              family.normEps(),
              scale,
              plan.lossChunk(vocabulary),
              headGradients);
    } finally {
      JniUtils.setGradMode(false);
    }
  }

  @Override
  public TokenLoss evaluate(MicroBatch batch) {
    if (batch.targets() == 0) return TokenLoss.ZERO;
    PaddedBatch padded = PaddedBatch.of(batch, vocabulary);
    Family family = decoder.family();
    try (PtNDManager scope = memory.scope();
        IValue x = infer(scope, padded)) {
      List<PtNDArray> sums =
          decoder
              .module()
              .call(
                  scope,
                  "head_loss",
                  x,
                  scope.create(padded.positions()),
                  scope.create(padded.targets()),
                  decoder.tensor(family.finalNorm()),
                  decoder.tensor(family.head()),
                  family.normEps(),
                  plan.lossChunk(vocabulary));
      return loss(padded, sums.get(0), sums.get(1));
    }
  }

  private static TokenLoss loss(PaddedBatch batch, PtNDArray sum, PtNDArray correct) {
    return new TokenLoss(sum.toDoubleArray()[0], batch.targets().length, correct.toLongArray()[0]);
  }

  @Override
  public float[][][] logits(int[][] inputIds) {
    PaddedBatch padded = PaddedBatch.of(inputIds, vocabulary);
    float[][][] logits = new float[padded.rows()][padded.tokens()][vocabulary];
    try (PtNDManager scope = memory.scope();
        IValue x = infer(scope, padded)) {
      float[] flat = decoder.logits(scope, x).toFloatArray();
      for (int r = 0; r < inputIds.length; r++) {
        for (int t = 0; t < inputIds[r].length; t++) {
          int from = (r * padded.tokens() + t) * vocabulary;
          System.arraycopy(flat, from, logits[r][t], 0, vocabulary);
        }
      }
    }
    return logits;
  }

  private IValue infer(PtNDManager scope, PaddedBatch batch) {
    try (LayerPass pass = pass(scope, batch, 0, 0)) {
      PtNDArray ids = (PtNDArray) scope.create(batch.ids());
      return pass.up(decoder.embed(ids), Integer.MAX_VALUE);
    }
  }

  private LayerPass pass(PtNDManager scope, PaddedBatch batch, double dropout, long seed) {
    int tokens = batch.tokens();
    LayerPass.Positions positions =
        new LayerPass.Positions(
            rope.cos(scope, 0, tokens), rope.sin(scope, 0, tokens), plan.queryBlock());
    return LayerPass.of(plan.kind(), decoder, positions, dropout, seed);
  }

  DeviceMemory memory() {
    return memory;
  }

  @Override
  public double update(double learningRate) {
    return parameters.update(learningRate);
  }

  @Override
  public List<NamedTensor> trained() {
    return parameters.values();
  }

  @Override
  public List<NamedTensor> optimizerState() {
    return parameters.moments();
  }

  @Override
  public long updates() {
    return parameters.updates();
  }

  @Override
  public void load(List<NamedTensor> trained) {
    parameters.load(trained);
  }

  @Override
  public void restore(List<NamedTensor> trained, List<NamedTensor> optimizerState, long updates) {
    parameters.restore(trained, optimizerState, updates);
  }

  @Override
  public long trainableParameters() {
    return parameters.size();
  }

  @Override
  public void close() {
    decoder.close();
    memory.close();
  }
}
