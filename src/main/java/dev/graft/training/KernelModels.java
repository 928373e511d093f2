package dev.graft.training;

import dev.graft.kernels.TorchContext.TensorFloat32;
import dev.graft.kernels.TorchThread;
import dev.graft.model.AdamW;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.StepObserver;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainingSetup;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.LoraPlus;
import dev.graft.spec.TrainingSpec;
import dev.graft.training.CheckpointManifest.Environment;
import dev.graft.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The real thing.
 *
 * @param observer of each model that is opened
 */
record KernelModels(StepObserver observer) implements ModelSource {
  @Override
  public TrainableModel open(
      ModelDirectory base, TrainingRun run, ComputePlan plan, DataStart start) {
    TrainingSpec spec = run.spec();
    Hyperparameters training = spec.training();
    Hyperparameters.Optimizer asked = training.optimizer();
    AdamW optimiser =
        new AdamW(
            asked.adamBeta1(),
            asked.adamBeta2(),
            asked.adamEpsilon(),
            asked.weightDecay(),
            AdamW.Decay.TRAINER,
            asked.maxGradNorm(),
            loraPlus(training));
    Execution execution = run.execution(plan);
    TensorFloat32.allow(training.tf32() && !execution.device().equals(Execution.CPU));
    TrainableModel model =
        start.open(
            base,
            new TrainingSetup(
                spec.method(),
                optimiser,
                execution,
                spec.seed(),
                spec.quantization(),
                training.regularisation(),
                spec.preference(),
                run.startFrom() != null));
    model.observe(observer);
    return model;
  }

  private static AdamW.@Nullable LoraPlusRates loraPlus(Hyperparameters training) {
    LoraPlus plus = training.loraPlus();
    if (plus == null) return null;
    return new AdamW.LoraPlusRates(
        plus.lrRatio(), plus.lrEmbedding() / training.schedule().learningRate());
  }

  @Override
  public Environment environment(int threads) {
    return new Environment(TorchThread.version(), threads, instructionSet());
  }

  /** The widest vectors that libtorch and oneDNN choose their kernels by. */
  private static String instructionSet() {
    List<String> known = List.of("amx_bf16", "avx512_bf16", "avx512_vnni", "avx512f", "avx2");
    try {
      List<String> flags =
          Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
              .filter(line -> line.startsWith("flags"))
              .limit(1)
              .flatMap(line -> Arrays.stream(line.split("\\s+")))
              .toList();
      return known.stream().filter(flags::contains).findFirst().orElse("none");
    } catch (IOException e) {
      return System.getProperty("os.arch", "unknown");
    }
  }
}
