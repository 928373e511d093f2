package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Lora;
import dev.graft.spec.Precision;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The dropouts that a base's config.json names, where they are asked for. */
@Concurrent
class BaseDropoutTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.TRAINER, 1);
  private static final int[][] ROWS = {{5, 6, 7, 8, 9, 10}, {11, 12, 13, 14}, {40, 41, 42}};

  @TempDir Path directory;

  /** A golden base with other numbers in its config.json. */
  private Path base(String name, double probability) throws IOException {
    String config = Files.readString(MODELS.resolve(name).resolve("config.json"));
    String dropping =
        config.replaceAll(
            "(\"(?!qa_|classifier|summary)\\w*(?:dropout\\w*|pdrop)\": )[\\d.]+",
            "$1" + probability);
    Files.writeString(directory.resolve("config.json"), dropping);
    Path weights = directory.resolve("model.safetensors");
    if (!Files.exists(weights)) {
      Files.copy(MODELS.resolve(name).resolve("model.safetensors"), weights);
    }
    return directory;
  }

  private static TrainableModel load(
      Path base, ComputePlan plan, boolean drops, String... targets) {
    AdapterMethod method =
        new Lora(
            4,
            8,
            0,
            targets.length == 0
                ? new TargetModules.AllLinear()
                : new TargetModules.Names(List.of(targets)));
    try (ModelDirectory model = ModelDirectory.open(base)) {
      return TrainableModel.load(
          model,
          new TrainingSetup(
              method,
              ADAMW,
              Execution.cpu(Precision.F32, plan),
              42,
              null,
              new Regularisation(0, !drops, 0),
              null,
              false));
    }
  }

  private static MicroBatch batch(String name) {
    return name.contains("bert")
        ? new MicroBatch.LabelBatch(ROWS, new double[][] {{0}, {1}, {0}})
        : new MicroBatch.TokenBatch(ROWS, ROWS);
  }

  /** The loss of a training step; the weights move. */
  private static double step(TrainableModel model, String name, long seed) {
    MicroBatch batch = batch(name);
    double loss = model.accumulate(batch, batch.targets(), seed).mean();
    model.update(1e-2);
    return loss;
  }

  private static float[] values(NamedTensor tensor) {
    return tensor.toFloats();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "roberta", "distilbert", "gpt2", "gpt-neox", "llama"})
  void aMaskIsTheSeedsAndEvaluationHasNone(String name) throws IOException {
    try (TrainableModel drops = load(base(name, 0.3), ComputePlan.KEEP, true);
        TrainableModel same = load(base(name, 0.3), ComputePlan.KEEP, true);
        TrainableModel plain = load(base(name, 0.3), ComputePlan.KEEP, false)) {
      double evaluated = plain.evaluate(batch(name)).mean();
      // one picks the tokens of the head later than the other: see LayerProgram.picking
      assertThat(drops.evaluate(batch(name)).mean()).isEqualTo(evaluated, within(1e-6));
      assertThat(plain.accumulate(batch(name), 1, 1).mean()).isEqualTo(evaluated, within(1e-6));
      double one = drops.accumulate(batch(name), 1, 1).mean();
      assertThat(one).isNotCloseTo(evaluated, within(1e-5));
      assertThat(same.accumulate(batch(name), 1, 1).mean()).isEqualTo(one);
      assertThat(drops.accumulate(batch(name), 1, 2).mean()).isNotCloseTo(one, within(1e-6));
    }
  }

  /** Recomputed layers and autograd meet the masks that the way up had. */
  @ParameterizedTest
  @ValueSource(strings = {"bert", "roberta", "distilbert", "gpt2", "gpt-neox", "llama"})
  void everyPlanTrainsTheSame(String name) throws IOException {
    Path base = base(name, 0.3);
    try (TrainableModel kept = load(base, ComputePlan.KEEP, true);
        TrainableModel recomputed = load(base, new ComputePlan(ComputePlan.Kind.RECOMPUTE), true);
        TrainableModel autograd = load(base, new ComputePlan(ComputePlan.Kind.AUTOGRAD), true)) {
      for (long seed = 1; seed <= 3; seed++) {
        double loss = step(kept, name, seed);
        assertThat(step(recomputed, name, seed)).isEqualTo(loss, within(1e-6));
        assertThat(step(autograd, name, seed)).isEqualTo(loss, within(1e-5));
      }
      for (int i = 0; i < kept.trained().size(); i++) {
        NamedTensor tensor = kept.trained().get(i);
        assertThat(values(recomputed.trained().get(i)))
            .as(tensor.name())
            .containsExactly(values(tensor), within(1e-6f));
        assertThat(values(autograd.trained().get(i)))
            .as(tensor.name())
            .containsExactly(values(tensor), within(2e-4f));
      }
    }
  }

  /** With one adapter in the last layer, a dropout on the embedding alone is still there. */
  @Test
  void layersBelowAllThatTrainsDropToo() throws IOException {
    Path base = base("gpt2", 0);
    String config = Files.readString(base.resolve("config.json"));
    Files.writeString(
        base.resolve("config.json"), config.replaceAll("(\"embd_pdrop\": )[\\d.]+", "$10.5"));
    try (TrainableModel drops = load(base, ComputePlan.KEEP, true, "h.1.mlp.c_proj")) {
      double evaluated = drops.evaluate(batch("gpt2")).mean();
      assertThat(drops.accumulate(batch("gpt2"), 1, 1).mean())
          .isNotCloseTo(evaluated, within(1e-5));
    }
  }
}
