package dev.graft.training;

import dev.graft.kernels.TorchContext;
import dev.graft.kernels.TorchThread;
import dev.graft.model.AdamW;
import dev.graft.model.ComputePlan;
import dev.graft.model.EvaStart;
import dev.graft.model.EvaStart.LearnedRanks;
import dev.graft.model.Execution;
import dev.graft.model.MicroBatch;
import dev.graft.model.StepObserver;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainingSetup;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Hyperparameters.LoraPlus;
import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.spec.TrainingSpec;
import dev.graft.training.Checkpoints.CheckpointManifest.Environment;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Opens models that are computed by the kernels.
 *
 * @param observer of each model that is opened
 */
record KernelModels(StepObserver observer) implements FineTune.ModelSource {
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
    TorchContext.allowTensorFloat32(training.tf32() && !execution.device().equals(Execution.CPU));
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

  /** Returns the widest vector instructions, by which libtorch and oneDNN choose their kernels. */
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

  /**
   * Opens the model of a run whose method may start from its training data. Ranks found in the data
   * are the shapes of the trained tensors, so a checkpoint needs no other record of them, and the
   * data is examined once.
   *
   * @param data the rows that train, in the order of the run's first epoch
   */
  record DataStart(TrainingRun run, Rows data, RunControl control) {
    /**
     * Returns whether the run starts from its data; a run that stops then keeps the result in a
     * checkpoint.
     */
    static boolean looks(TrainingRun run) {
      return run.startFrom() == null
          && run.spec().method() instanceof Lora lora
          && lora.initLoraWeights() instanceof LoraInit.Eva;
    }

    /**
     * @throws IllegalArgumentException if method, data and base do not fit together
     * @throws BadRun if a checkpoint is damaged
     */
    TrainableModel open(ModelDirectory base, TrainingSetup recipe) {
      if (!looks(run) || !(recipe.method() instanceof Lora asked)) {
        return TrainableModel.load(base, recipe);
      }
      Path checkpoint = run.directories().resumeFrom();
      if (checkpoint != null) {
        return TrainableModel.load(base, recipe.with(resumed(asked, base, checkpoint)));
      }
      BatchPlan plan = new BatchPlan(run.spec().training(), run.spec().seed(), data.lengths());
      int steps = plan.stepsPerEpoch();
      if (steps == 0) return TrainableModel.load(base, recipe); // no data to train on
      EvaStart start =
          EvaStart.find(base, recipe, steps, step -> batches(plan, step), control::poll);
      TrainableModel model = TrainableModel.load(base, recipe.with(start.method()));
      start.into(model);
      return model;
    }

    private static Lora resumed(Lora asked, ModelDirectory base, Path checkpoint) {
      try (SafetensorsFile trained =
          SafetensorsFile.open(checkpoint.resolve(Checkpoints.WEIGHTS))) {
        return LearnedRanks.of(asked, base.config(), trained).method(asked, base.config());
      } catch (BadModel e) {
        throw new BadRun("resume_from", "the checkpoint does not fit: " + e.getMessage());
      }
    }

    private List<MicroBatch> batches(BatchPlan plan, int step) {
      return plan.window(step).stream().map(rows -> data.batch(rows, 1)).toList();
    }
  }
}
