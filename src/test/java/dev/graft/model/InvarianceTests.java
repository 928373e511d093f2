package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.pytorch.jni.JniUtils;
import dev.graft.Concurrent;
import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Lora;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What must not change the numbers of a run, beyond rounding. */
@Concurrent
class InvarianceTests {
  private static final Path BASE = Path.of("src/test/resources/parity/models/llama");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01, AdamW.Decay.TRAINER, 1);
  private static final int STEPS = 5;
  private static final double ROUNDING = 1e-5;

  /** Texts of a step, each with its own length and a part that is not trained. */
  private static final int[][] TEXTS = texts();

  private static int[][] texts() {
    SplittableRandom random = new SplittableRandom(5);
    return IntStream.of(9, 4, 13, 6)
        .mapToObj(length -> random.ints(length, 3, 97).toArray())
        .toArray(int[][]::new);
  }

  private static int[] labels(int[] ids) {
    int[] labels = ids.clone();
    Arrays.fill(labels, 0, 2, TokenBatch.IGNORE);
    return labels;
  }

  private static TokenBatch rows(int[]... texts) {
    return new TokenBatch(
        texts, Arrays.stream(texts).map(InvarianceTests::labels).toArray(int[][]::new));
  }

  private static List<AdapterMethod> methods() {
    return List.of(
        new Lora(4, 8, 0, new AdapterMethod.TargetModules.AllLinear()),
        new Bottleneck(Bottleneck.Variant.HOULSBY));
  }

  private static double[] losses(
      AdapterMethod method, List<MicroBatch> window, ComputePlan.Kind kind) {
    double[] losses = new double[STEPS];
    try (ModelDirectory base = ModelDirectory.open(BASE);
        TrainableModel model =
            TrainableModel.load(base, method, ADAMW, new ComputePlan(kind), 42)) {
      long targets = window.stream().mapToLong(MicroBatch::targets).sum();
      for (int step = 0; step < STEPS; step++) {
        PendingLoss.TokenLoss loss = PendingLoss.TokenLoss.ZERO;
        for (MicroBatch batch : window) loss = loss.plus(model.accumulate(batch, targets, step));
        losses[step] = loss.mean();
        model.update(1e-2);
      }
    }
    return losses;
  }

  private static double[] reference(AdapterMethod method) {
    return losses(method, List.of(rows(TEXTS)), ComputePlan.Kind.KEEP);
  }

  private static void same(List<MicroBatch> window, ComputePlan.Kind kind) {
    for (AdapterMethod method : methods()) {
      double[] losses = losses(method, window, kind);
      assertThat(losses).as("%s", method).containsExactly(reference(method), within(ROUNDING));
      assertThat(losses[STEPS - 1]).isLessThan(losses[0] - 0.1);
    }
  }

  @Test
  void aStepMayBeSplitIntoMicroBatches() {
    same(Arrays.stream(TEXTS).map(text -> (MicroBatch) rows(text)).toList(), ComputePlan.Kind.KEEP);
    same(List.of(rows(TEXTS[2]), rows(TEXTS[0], TEXTS[3], TEXTS[1])), ComputePlan.Kind.KEEP);
  }

  @Test
  void textsMayBePackedIntoARow() {
    List<Integer> ids = new ArrayList<>();
    List<Integer> labels = new ArrayList<>();
    List<Integer> segments = new ArrayList<>();
    for (int i = 0; i < TEXTS.length; i++) {
      for (int t = 0; t < TEXTS[i].length; t++) {
        ids.add(TEXTS[i][t]);
        labels.add(labels(TEXTS[i])[t]);
        segments.add(i + 1);
      }
    }
    same(List.of(new TokenBatch(row(ids), row(labels), row(segments))), ComputePlan.Kind.KEEP);
  }

  private static int[][] row(List<Integer> values) {
    return new int[][] {values.stream().mapToInt(Integer::intValue).toArray()};
  }

  @Test
  void activationsMayBeComputedAgain() {
    same(List.of(rows(TEXTS)), ComputePlan.Kind.RECOMPUTE);
  }

  @Test
  void rowsMayBePaddedWider() {
    int[] wide = new int[40];
    Arrays.fill(wide, 3);
    int[][] texts = Arrays.copyOf(TEXTS, TEXTS.length + 1);
    texts[TEXTS.length] = wide;
    TokenBatch batch = rows(texts);
    Arrays.fill(batch.labels()[TEXTS.length], TokenBatch.IGNORE);
    same(List.of(batch), ComputePlan.Kind.KEEP);
  }

  @Test
  void threadsMayBeMoreOrFewer() {
    List<double[]> references = methods().stream().map(InvarianceTests::reference).toList();
    try {
      JniUtils.setNumThreads(1);
      for (int i = 0; i < references.size(); i++) {
        assertThat(reference(methods().get(i)))
            .containsExactly(references.get(i), within(ROUNDING));
      }
    } finally {
      JniUtils.setNumThreads(Runtime.getRuntime().availableProcessors());
    }
  }
}
