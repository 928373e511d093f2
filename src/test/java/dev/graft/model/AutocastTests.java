package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Precision;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Low-rank paths with products in bf16, whose factors train in f32. */
@Concurrent
class AutocastTests {
  private static final Path LLAMA = Path.of("src/test/resources/parity/models/llama");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 1);
  private static final Lora LORA = lora(0).startingAs(new LoraInit.Random());
  private static final int[][] IDS = {
    new SplittableRandom(1).ints(9, 3, 97).toArray(),
    new SplittableRandom(2).ints(5, 3, 97).toArray()
  };
  private static final MicroBatch ROWS = new MicroBatch.TokenBatch(IDS, IDS);

  private static Lora lora(double dropout) {
    return new Lora(4, 8, dropout, new TargetModules.AllLinear());
  }

  static Stream<Lora> methods() {
    return Stream.of(
        LORA,
        lora(0.1).startingAs(new LoraInit.Random()),
        lora(0).as(new LoraVariant(true, false, false, LoraVariant.Bias.NONE)),
        lora(0.1).as(new LoraVariant(false, true, false, LoraVariant.Bias.NONE)),
        lora(0).as(new LoraVariant(false, true, false, LoraVariant.Bias.NONE)),
        lora(0).startingAs(new LoraInit.Pissa(0)));
  }

  @ParameterizedTest
  @MethodSource("methods")
  void everyPlanTrainsAlikeAndAsWithPathsInF32UpToRounding(Lora method) {
    double[] keep = losses(method, true, ComputePlan.Kind.KEEP);
    assertThat(losses(method, true, ComputePlan.Kind.RECOMPUTE)).isEqualTo(keep);
    assertThat(losses(method, true, ComputePlan.Kind.AUTOGRAD)).containsExactly(keep, within(2e-2));
    double[] wide = losses(method, false, ComputePlan.Kind.KEEP);
    assertThat(keep).containsExactly(wide, within(5e-2)).isNotEqualTo(wide);
    assertThat(keep[keep.length - 1]).isLessThan(keep[0]);
  }

  private static double[] losses(Lora method, boolean autocast, ComputePlan.Kind plan) {
    try (ModelDirectory base = ModelDirectory.open(LLAMA);
        TrainableModel model = TrainableModel.load(base, setup(method, autocast, plan))) {
      return steps(model, 0, 4);
    }
  }

  private static TrainingSetup setup(Lora method, boolean autocast, ComputePlan.Kind plan) {
    return new TrainingSetup(
        method,
        ADAMW,
        new Execution(Execution.CPU, Precision.BF16, autocast, new ComputePlan(plan), 1),
        42,
        null,
        Regularisation.NONE,
        null,
        false);
  }

  private static double[] steps(TrainableModel model, int from, int to) {
    List<Double> losses = new ArrayList<>();
    for (int step = from; step < to; step++) {
      losses.add(model.accumulate(ROWS, ROWS.targets(), step).mean());
      model.update(5e-3);
    }
    return losses.stream().mapToDouble(each -> each).toArray();
  }

  @Test
  void factorsTrainBeyondWhatTheirCopiesRound() {
    try (ModelDirectory base = ModelDirectory.open(LLAMA);
        TrainableModel model =
            TrainableModel.load(base, setup(LORA, true, ComputePlan.Kind.KEEP))) {
      float[] before = model.trained().getFirst().toFloats();
      model.accumulate(ROWS, ROWS.targets(), 0);
      model.update(1e-7); // a change of 1e-7: bf16 has none so small beside 0.1
      float[] after = model.trained().getFirst().toFloats();
      assertThat(after).isNotEqualTo(before);
      for (int i = 0; i < after.length; i++)
        assertThat(after[i]).isCloseTo(before[i], within(1e-6f));
    }
  }

  @ParameterizedTest
  @MethodSource("methods")
  void aRunThatIsResumedReadsNewCopies(Lora method) {
    TrainingSetup setup = setup(method, true, ComputePlan.Kind.KEEP);
    try (ModelDirectory base = ModelDirectory.open(LLAMA);
        TrainableModel model = TrainableModel.load(base, setup);
        TrainableModel other = TrainableModel.load(base, setup)) {
      steps(model, 0, 2);
      other.restore(copied(model.trained()), copied(model.optimizerState()), 2);
      assertThat(steps(other, 2, 4)).isEqualTo(steps(model, 2, 4));
    }
  }

  /** As they are now: those of a model change with it. */
  private static List<NamedTensor> copied(List<NamedTensor> tensors) {
    return tensors.stream()
        .map(each -> NamedTensor.of(each.name(), each.toFloats(), each.shape()))
        .toList();
  }
}
