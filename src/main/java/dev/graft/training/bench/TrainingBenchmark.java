package dev.graft.training.bench;

import dev.graft.spec.method.AdapterMethod;
import dev.graft.spec.method.AdapterMethod.TargetModules;
import dev.graft.training.Execution;
import dev.graft.training.TrainableModel;
import dev.graft.training.batch.TokenBatch;
import dev.graft.training.model.TrainableModels;
import dev.graft.training.model.TrainingSetup;
import dev.graft.training.model.optimizer.AdamW;
import dev.graft.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Time of LoRA steps on random tokens. Every token but the first of a row is trained; loading and
 * the first two steps do not count.
 *
 * @param batch rows of a step
 * @param length tokens of a row
 * @param rank of LoRA on every linear layer; 0 = full fine-tuning
 * @param steps that count
 */
public record TrainingBenchmark(int batch, int length, int rank, int steps, Execution execution) {
  private static final int WARM_UP = 2;
  private static final long SEED = 42;

  /**
   * @param tokensPerSecond of the median step
   * @param peakRssMb largest resident memory of the process so far
   * @param gemmBoundTokensPerSecond if nothing but the matrix products of the base took time
   * @param losses of all steps, warm-up included
   */
  public record Result(
      double tokensPerSecond,
      long peakRssMb,
      double gemmBoundTokensPerSecond,
      List<Double> losses) {}

  public Result run(ModelDirectory base) throws IOException {
    AdamW optimiser = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.TRAINER, 1);
    List<Double> losses = new ArrayList<>();
    double[] seconds = new double[steps];
    int vocabulary = base.config().vocabSize();
    TrainingSetup recipe = new TrainingSetup(method(), optimiser, execution, SEED);
    try (TrainableModel model = TrainableModels.load(base, recipe)) {
      SplittableRandom random = new SplittableRandom(SEED);
      for (int step = 0; step < WARM_UP + steps; step++) {
        int[][] ids = rows(random, vocabulary);
        TokenBatch rows = new TokenBatch(ids, ids);
        long start = System.nanoTime();
        losses.add(model.accumulate(rows, rows.targets(), step).mean());
        model.update(2e-4);
        if (step >= WARM_UP) seconds[step - WARM_UP] = (System.nanoTime() - start) / 1e9;
      }
    }
    Arrays.sort(seconds);
    long peak = peakRssMb();
    double tokens = (double) batch * length;
    double bound = tokens / GemmBound.seconds(execution, base.config(), batch * length, rank == 0);
    return new Result(tokens / seconds[steps / 2], peak, bound, losses);
  }

  private AdapterMethod method() {
    if (rank == 0) return new AdapterMethod.Full();
    return new AdapterMethod.Lora(rank, 2.0 * rank, 0, new TargetModules.AllLinear());
  }

  private int[][] rows(SplittableRandom random, int vocabulary) {
    int[][] ids = new int[batch][length];
    for (int[] row : ids) {
      for (int t = 0; t < length; t++) row[t] = random.nextInt(vocabulary);
    }
    return ids;
  }

  private static long peakRssMb() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
    }
    return 0;
  }
}
