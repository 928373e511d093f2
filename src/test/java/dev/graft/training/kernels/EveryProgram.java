package dev.graft.training.kernels;

import dev.graft.spec.Precision;
import dev.graft.spec.method.AdapterMethod;
import dev.graft.training.ComputePlan;
import dev.graft.training.Execution;
import dev.graft.training.Generator;
import dev.graft.training.TrainableModel;
import dev.graft.training.batch.LabelBatch;
import dev.graft.training.batch.MicroBatch;
import dev.graft.training.batch.TokenBatch;
import dev.graft.training.generation.Generators;
import dev.graft.training.model.TrainableModels;
import dev.graft.training.model.TrainingSetup;
import dev.graft.training.model.device.PrecisionTests;
import dev.graft.training.model.optimizer.AdamW;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TinyModels;
import dev.graft.weights.config.Families;
import dev.graft.weights.config.basics.Task;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** A step of every family with every method under every plan, in f32 and in bf16. */
final class EveryProgram {
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01, AdamW.Decay.TRAINER, 1);

  private EveryProgram() {}

  /**
   * @param directory where the models are written
   */
  static void run(Path directory) throws IOException {
    for (String family : Families.NAMES) {
      Path base = TinyModels.write(directory.resolve(family), Families.json(family));
      for (AdapterMethod method : PrecisionTests.methods().toList()) train(base, method);
    }
  }

  private static void train(Path path, AdapterMethod method) {
    for (Precision precision : new Precision[] {Precision.F32, Precision.BF16}) {
      for (ComputePlan.Kind kind : ComputePlan.Kind.values()) {
        var execution = new Execution(Execution.CPU, precision, new ComputePlan(kind), 1);
        try (ModelDirectory base = ModelDirectory.open(path);
            TrainableModel model =
                TrainableModels.load(base, new TrainingSetup(method, ADAMW, execution, 1))) {
          MicroBatch rows = rows(base);
          model.accumulate(rows, rows.targets(), 1);
          model.update(1e-3);
          model.evaluate(rows);
        } catch (IllegalArgumentException e) {
          System.out.println(
              path.getFileName() + " " + method.getClass().getSimpleName() + " " + e.getMessage());
          return; // the method does not fit the family
        }
      }
      generate(path, precision);
    }
  }

  private static void generate(Path path, Precision precision) {
    var execution = new Execution(Execution.CPU, precision, ComputePlan.KEEP, 1);
    try (ModelDirectory base = ModelDirectory.open(path)) {
      if (!(base.config().task() instanceof Task.CausalLm)) return;
    }
    try (Generator generator = Generators.load(path, null, null, execution);
        Generator.Text text = generator.read(new int[] {3, 4, 5})) {
      text.append(6);
      text.logits();
    }
  }

  /** Two rows that begin alike. */
  private static MicroBatch rows(ModelDirectory base) {
    int[] first = new SplittableRandom(1).ints(24, 3, 97).toArray();
    int[] second = first.clone();
    second[20]--;
    int[][] ids = {first, second};
    return switch (base.config().task()) {
      case Task.CausalLm() -> new TokenBatch(ids, ids);
      case Task.SequenceClassification head -> {
        int outputs =
            head.problem() == Task.Problem.SINGLE_LABEL_CLASSIFICATION ? 1 : head.numLabels();
        yield new LabelBatch(ids, new double[][] {new double[outputs], new double[outputs]});
      }
    };
  }
}
