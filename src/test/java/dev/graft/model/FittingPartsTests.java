package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Lora;
import dev.graft.spec.Precision;
import dev.graft.spec.Preference;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.Task;
import dev.graft.weights.Task.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A micro-batch that is computed in parts, in lanes, or again on the way down, gives the losses and
 * the updates of the whole one. Adam's epsilon is so large that an update is the gradient.
 */
@Concurrent
class FittingPartsTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1, 0, AdamW.Decay.ALL, 0);

  /** Bytes a token: 10 of each of the two layers, 1 between them. */
  private static final ComputePlan.ActivationBudget COST =
      new ComputePlan.ActivationBudget(0, new long[] {10, 10}, 1, 0, 128);

  private enum Kind {
    SFT("llama", 0),
    ONE("llama", 0),
    SHARED("llama", 0),
    PACKED("llama", 0),
    DROPOUT("llama", 0.3),
    PAIRS_DROPOUT("llama", 0.3),
    NOISE("llama", 0),
    DPO("llama", 0),
    ORPO("llama", 0),
    CLASSES("bert", 0),
    CLASSES_DROPOUT("llama", 0.3),
    NUMBERS("distilbert", 0);

    private final String base;
    private final double dropout;

    Kind(String base, double dropout) {
      this.base = base;
      this.dropout = dropout;
    }

    @Nullable Preference preference() {
      return switch (this) {
        case DPO, PAIRS_DROPOUT -> new Preference.Dpo(Preference.LossType.SIGMOID, 0.5, 0.1);
        case ORPO -> new Preference.Orpo(0.3);
        case SFT, ONE, SHARED, PACKED, DROPOUT, NOISE, CLASSES, CLASSES_DROPOUT, NUMBERS -> null;
      };
    }

    Task task() {
      return switch (this) {
        case CLASSES, CLASSES_DROPOUT ->
            Task.SequenceClassification.unnamed(3, Problem.SINGLE_LABEL_CLASSIFICATION);
        case NUMBERS -> Task.SequenceClassification.unnamed(1, Problem.REGRESSION);
        case SFT, ONE, SHARED, PACKED, DROPOUT, NOISE, DPO, PAIRS_DROPOUT, ORPO ->
            new Task.CausalLm();
      };
    }

    MicroBatch batch(long seed) {
      int[][] ids = rows(6, seed, 0);
      return switch (this) {
        case SFT, DROPOUT, NOISE -> new TokenBatch(ids, trained(ids));
        case ONE -> new TokenBatch(rows(1, seed, 20), trained(rows(1, seed, 20)));
        case SHARED -> new TokenBatch(rows(6, seed, 20), trained(rows(6, seed, 20)));
        case PACKED -> new TokenBatch(ids, trained(ids), segments(ids));
        case DPO, PAIRS_DROPOUT -> measured(ids, seed).measuredFrom(REFERENCE);
        case ORPO -> measured(ids, seed);
        case CLASSES, CLASSES_DROPOUT ->
            new MicroBatch.LabelBatch(ids, new double[][] {{2}, {0}, {1}, {1}, {0}, {2}});
        case NUMBERS ->
            new MicroBatch.LabelBatch(ids, new double[][] {{2}, {0.5}, {-1}, {1}, {0}, {3}});
      };
    }

    private static MicroBatch.PairBatch measured(int[][] ids, long seed) {
      int[][] others = rows(6, seed + 100, 0);
      return new MicroBatch.PairBatch(
          new TokenBatch(ids, trained(ids)), new TokenBatch(others, trained(others)));
    }
  }

  private static final MicroBatch.PairLogps REFERENCE =
      new MicroBatch.PairLogps(
          new double[] {-9, -8, -7, -6, -5, -4}, new double[] {-4, -5, -6, -7, -8, -9});

  /** Rows of different lengths behind a beginning that they have in common. */
  private static int[][] rows(int count, long seed, int common) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] first = random.ints(common, 3, 97).toArray();
    int[][] rows = new int[count][];
    for (int r = 0; r < count; r++) {
      int[] rest = random.ints(4 + 5L * (r % 3), 3, 97).toArray();
      rows[r] = IntStream.concat(Arrays.stream(first), Arrays.stream(rest)).toArray();
    }
    return rows;
  }

  /** Only the third row trains from its first token on. */
  private static int[][] trained(int[][] ids) {
    int[][] labels = Arrays.stream(ids).map(int[]::clone).toArray(int[][]::new);
    for (int r = 0; r < labels.length; r++) {
      if (r != 2) Arrays.fill(labels[r], 0, 2, TokenBatch.IGNORE);
    }
    return labels;
  }

  private static int[][] segments(int[][] ids) {
    return Arrays.stream(ids)
        .map(row -> IntStream.range(0, row.length).map(i -> i < 3 ? 1 : 2).toArray())
        .toArray(int[][]::new);
  }

  private static TrainableTransformer load(Kind kind, ComputePlan plan) {
    return load(kind, plan, 2);
  }

  private static TrainableTransformer load(Kind kind, ComputePlan plan, int threads) {
    try (ModelDirectory stored = ModelDirectory.open(MODELS.resolve(kind.base));
        ModelDirectory base = stored.withTask(kind.task())) {
      return (TrainableTransformer)
          TrainableModel.load(
              base,
              new TrainingSetup(
                  new Lora(4, 8, kind.dropout, new TargetModules.AllLinear()),
                  ADAMW,
                  new Execution(Execution.CPU, Precision.F32, plan, threads),
                  42,
                  null,
                  new Regularisation(0, true, kind == Kind.NOISE ? 5 : 0),
                  kind.preference(),
                  false));
    }
  }

  /**
   * Losses and trained numbers of two windows of two micro-batches.
   *
   * @param lanes of the first
   */
  private record Steps(List<TokenLoss> losses, List<float[]> trained, int lanes) {
    static Steps of(Kind kind, ComputePlan plan) {
      return of(kind, plan, 2);
    }

    static Steps of(Kind kind, ComputePlan plan, int threads) {
      List<TokenLoss> losses = new ArrayList<>();
      try (TrainableTransformer model = load(kind, plan, threads)) {
        int lanes = model.lanes(kind.batch(0));
        for (int step = 0; step < 2; step++) {
          MicroBatch one = kind.batch(2 * step);
          MicroBatch two = kind.batch(2 * step + 1);
          double divisor = one.targets() + two.targets();
          losses.add(model.accumulate(one, divisor, 7 + step));
          losses.add(model.accumulate(two, divisor, 70 + step));
          model.update(1);
        }
        losses.add(model.evaluate(kind.batch(9)));
        return new Steps(
            losses, model.trained().stream().map(NamedTensor::toFloats).toList(), lanes);
      }
    }

    void areThoseOf(Steps whole) {
      for (int i = 0; i < losses.size(); i++) {
        TokenLoss mine = losses.get(i);
        TokenLoss other = whole.losses.get(i);
        assertThat(mine.sum()).isCloseTo(other.sum(), within(2e-5 * Math.abs(other.sum()) + 1e-5));
        assertThat(mine.tokens()).isEqualTo(other.tokens());
        assertThat(mine.correct()).isEqualTo(other.correct());
        assertThat(mine.computed()).isGreaterThanOrEqualTo(other.computed());
        other
            .pairs()
            .named()
            .forEach(
                (name, value) ->
                    assertThat(mine.pairs().named().get(name))
                        .as(name)
                        .isCloseTo(value, within(1e-4)));
      }
      for (int i = 0; i < trained.size(); i++) {
        assertThat(trained.get(i)).containsExactly(whole.trained.get(i), within(1e-5f));
      }
    }
  }

  private static TrainableModel.Division division(Kind kind, ComputePlan.ActivationBudget budget) {
    try (TrainableModel model = load(kind, ComputePlan.KEEP.within(budget))) {
      return Objects.requireNonNull(model.division(kind.batch(0)));
    }
  }

  @ParameterizedTest
  @EnumSource
  void rowByRowWithEveryLayerComputedAgainIsTheWhole(Kind kind) {
    TrainableModel.Division least = division(kind, COST);
    assertThat(least.rows()).isEqualTo(1);
    assertThat(least.recomputed()).isEqualTo(2);
    Steps.of(kind, ComputePlan.KEEP.within(COST)).areThoseOf(Steps.of(kind, ComputePlan.KEEP));
  }

  /** A row of 14 tokens takes 14 (20 + 10 + 6) where all is kept. */
  @ParameterizedTest
  @EnumSource
  void whatFitsIsKeptAndTheRestComputedAgain(Kind kind) {
    Steps whole = Steps.of(kind, ComputePlan.KEEP);
    for (long bytes : new long[] {500, 800, 1200, 2500}) {
      Steps.of(kind, ComputePlan.KEEP.within(COST.of(bytes))).areThoseOf(whole);
    }
    TrainableModel.Division all = division(kind, COST.of(1 << 20));
    assertThat(all.rows()).isEqualTo(kind.batch(0).size());
    assertThat(all.recomputed()).isZero();
  }

  /**
   * Where something drops there is one; rows that begin alike, and a single one, are cut between
   * their tokens where all is kept.
   */
  @ParameterizedTest
  @EnumSource
  void lanesAreTheWhole(Kind kind) {
    int rows =
        switch (kind) {
          case SFT, PACKED, DPO, ORPO, CLASSES, NUMBERS -> 2;
          case ONE, SHARED, DROPOUT, PAIRS_DROPOUT, CLASSES_DROPOUT, NOISE -> 1;
        };
    boolean cut = kind == Kind.ONE || kind == Kind.SHARED;
    Steps apart = Steps.of(kind, ComputePlan.KEEP.inLanes(0));
    for (ComputePlan plan :
        List.of(
            ComputePlan.KEEP,
            new ComputePlan(ComputePlan.Kind.RECOMPUTE),
            new ComputePlan(ComputePlan.Kind.AUTOGRAD),
            ComputePlan.KEEP.within(COST.of(1200)))) {
      Steps steps = Steps.of(kind, plan.inLanes(1));
      steps.areThoseOf(apart);
      assertThat(steps.lanes).isEqualTo(cut && plan.kind() == ComputePlan.Kind.KEEP ? 2 : rows);
    }
  }

  /** A lane in the middle hands on what was handed to it, and has both gradients back. */
  @ParameterizedTest
  @EnumSource(names = {"ONE", "SHARED"})
  void lanesOfTokensMayHaveTwoNeighbours(Kind kind) {
    Steps whole = Steps.of(kind, ComputePlan.KEEP.inLanes(0));
    for (int lanes : new int[] {3, 4}) {
      Steps steps = Steps.of(kind, ComputePlan.KEEP.inLanes(1), lanes);
      steps.areThoseOf(whole);
      assertThat(steps.lanes).isEqualTo(lanes);
    }
  }
}
