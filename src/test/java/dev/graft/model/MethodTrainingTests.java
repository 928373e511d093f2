package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.spec.AdaLora;
import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Bottleneck.Variant;
import dev.graft.spec.Freeze;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.spec.Targets;
import dev.graft.spec.Vera;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What golden runs, without dropout and from given starts, cannot see of a method. */
@Concurrent
public class MethodTrainingTests {
  private static final Path BASE = Path.of("src/test/resources/parity/models/llama");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01, AdamW.Decay.TRAINER, 1);
  private static final Targets ALL = new Targets(new TargetModules.AllLinear());

  public static Stream<AdapterMethod> methods() {
    return Stream.concat(
        dropping(),
        Stream.of(
            new Ia3(),
            new LnTuning(),
            new Bottleneck(Variant.HOULSBY),
            new Bottleneck(Variant.PARALLEL),
            new Freeze(1, List.of())));
  }

  /** Methods with a dropout of their own. */
  static Stream<AdapterMethod> dropping() {
    RankAllocation ranks = new RankAllocation(4, 2, 40, 0, 1, 60, 0.85, 0.85, 0.5);
    return Stream.of(
        new Vera(8, ALL, 0.5, 0.1, true, Bias.NONE, 0, true, List.of("lm_head")),
        new AdaLora(ranks, 8, 16, 0.5, ALL, true, Bias.NONE, new TreeMap<>(), List.of()));
  }

  private static TrainableModel load(AdapterMethod method, ComputePlan plan) {
    try (ModelDirectory base = ModelDirectory.open(BASE)) {
      return TrainableModel.load(base, method, ADAMW, plan, 42);
    }
  }

  private static TokenBatch rows(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[][] ids = new int[3][];
    for (int r = 0; r < ids.length; r++) ids[r] = random.ints(5 + 3L * r, 3, 97).toArray();
    return new TokenBatch(ids, ids);
  }

  private static double step(TrainableModel model, long seed) {
    TokenBatch rows = rows(seed);
    double loss = model.accumulate(rows, rows.targets(), seed).mean();
    model.update(2e-2);
    return loss;
  }

  private static double loss(TrainableModel model) {
    return model.evaluate(rows(1)).mean();
  }

  @ParameterizedTest
  @MethodSource("methods")
  void trainingMovesEveryTrainedTensorAndLowersTheLoss(AdapterMethod method) {
    try (TrainableModel model = load(method, ComputePlan.KEEP)) {
      List<NamedTensor> before = model.trained().stream().map(NamedTensor::inMemory).toList();
      double first = loss(model);
      for (int i = 0; i < 30; i++) step(model, 1);
      List<NamedTensor> after = model.trained().stream().map(NamedTensor::inMemory).toList();
      for (int i = 0; i < before.size(); i++) {
        assertThat(after.get(i).toFloats())
            .as(before.get(i).name())
            .isNotEqualTo(before.get(i).toFloats());
      }
      assertThat(loss(model)).isLessThan(first - 0.1);
    }
  }

  @ParameterizedTest
  @MethodSource("dropping")
  void equalDropoutSeedsGiveEqualMasksUnderEveryPlan(AdapterMethod method) {
    for (ComputePlan.Kind kind : ComputePlan.Kind.values()) {
      try (TrainableModel keep = load(method, ComputePlan.KEEP);
          TrainableModel other = load(method, new ComputePlan(kind))) {
        for (int i = 0; i < 3; i++) {
          assertThat(step(other, i)).isCloseTo(step(keep, i), within(1e-5));
        }
        TokenBatch rows = rows(1);
        double once = keep.accumulate(rows, 1, 1).sum();
        assertThat(keep.accumulate(rows, 1, 1).sum()).isEqualTo(once);
        assertThat(keep.accumulate(rows, 1, 2).sum()).isNotEqualTo(once);
        assertThat(loss(keep)).isEqualTo(loss(keep));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void weightsThatLieTwiceGiveTheSameSteps(AdapterMethod method) {
    try (TrainableModel twice = load(method, ComputePlan.KEEP);
        TrainableModel once = load(method, ComputePlan.KEEP.turningWeights(false))) {
      for (int i = 0; i < 3; i++) {
        assertThat(step(twice, i)).isCloseTo(step(once, i), within(1e-6));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void whatWasSavedGoesOnAsWhatTrained(AdapterMethod method) {
    try (TrainableModel model = load(method, ComputePlan.KEEP);
        TrainableModel other = load(method, ComputePlan.KEEP)) {
      for (int i = 0; i < 3; i++) step(model, i);
      other.loadSaved(model.saved());
      assertThat(loss(other)).isEqualTo(loss(model));
    }
  }
}
