package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.Embedding.Noise;
import dev.graft.kernels.Statement;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Precision;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** NEFTune's noise with the real kernels: whose it is, where it goes, and when there is none. */
@Concurrent
class NoisyRowsTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 1);
  private static final int[][] ROWS = {{3, 1, 4, 1, 5, 9}, {2, 6, 5}, {3, 5, 8, 9}};

  private static AdapterMethod method(String json) {
    var settings = new JsonMapper().readTree(json.replace('\'', '"'));
    return settings.has("type")
        ? AdapterMethods.fromMethod(settings)
        : AdapterMethods.fromPeft(settings);
  }

  private static TrainableModel load(
      String base, String method, ComputePlan.Kind plan, double alpha) {
    try (ModelDirectory model = ModelDirectory.open(MODELS.resolve(base))) {
      return TrainableModel.load(
          model,
          new TrainingSetup(
              method(method),
              ADAMW,
              Execution.cpu(Precision.F32, new ComputePlan(plan)),
              42,
              null,
              new Regularisation(0, true, alpha),
              null,
              false));
    }
  }

  private static MicroBatch batch(String base) {
    return base.contains("bert")
        ? new MicroBatch.LabelBatch(ROWS, new double[][] {{0}, {1}, {0}})
        : new MicroBatch.TokenBatch(ROWS, ROWS);
  }

  private static double loss(TrainableModel model, String base, long seed) {
    MicroBatch batch = batch(base);
    return model.accumulate(batch, batch.targets(), seed).mean();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "llama | {'target_modules':'all-linear'}",
        "llama | {'target_modules':['embed_tokens','q_proj']}",
        "llama | {'target_modules':['embed_tokens'],'use_dora':true}",
        "llama | {'target_modules':['q_proj'],'trainable_token_indices':[5]}",
        "llama | {'peft_type':'PROMPT_TUNING','num_virtual_tokens':3}",
        "llama | {'peft_type':'PREFIX_TUNING','num_virtual_tokens':3}",
        "llama | {'type':'full'}",
        "llama-tied | {'type':'freeze','trainable_layers':1}",
        "gpt2 | {'target_modules':'all-linear'}",
        "gpt-neox | {'target_modules':'all-linear'}",
        "bert | {'target_modules':'all-linear'}",
        "roberta | {'type':'full'}",
        "distilbert | {'type':'bottleneck'}"
      })
  void noiseIsTheSeedsUnderEveryPlanAndEvaluationHasNone(String base, String method) {
    try (TrainableModel plain = load(base, method, ComputePlan.Kind.KEEP, 0);
        TrainableModel kept = load(base, method, ComputePlan.Kind.KEEP, 5);
        TrainableModel recomputed = load(base, method, ComputePlan.Kind.RECOMPUTE, 5);
        TrainableModel autograd = load(base, method, ComputePlan.Kind.AUTOGRAD, 5)) {
      double quiet = plain.evaluate(batch(base)).mean();
      assertThat(kept.evaluate(batch(base)).mean()).isEqualTo(quiet);
      double before = quiet;
      for (long seed = 1; seed < 4; seed++) {
        double noisy = loss(kept, base, seed);
        assertThat(noisy).isNotCloseTo(before, within(1e-5));
        assertThat(loss(recomputed, base, seed)).isEqualTo(noisy, within(1e-6));
        assertThat(loss(autograd, base, seed)).isEqualTo(noisy, within(2e-5));
        for (var each : List.of(kept, recomputed, autograd)) each.update(1e-2);
        before = noisy;
      }
    }
  }

  /** Where it is small, twice the noise moves the loss by twice as much. */
  @Test
  void alphaIsItsSize() {
    String lora = "{'target_modules':'all-linear'}";
    try (TrainableModel none = load("llama", lora, ComputePlan.Kind.KEEP, 0);
        TrainableModel some = load("llama", lora, ComputePlan.Kind.KEEP, 0.05);
        TrainableModel twice = load("llama", lora, ComputePlan.Kind.KEEP, 0.1)) {
      double quiet = loss(none, "llama", 3);
      double moved = loss(some, "llama", 3) - quiet;
      assertThat(Math.abs(moved)).isGreaterThan(1e-5);
      assertThat((loss(twice, "llama", 3) - quiet) / moved).isEqualTo(2, within(0.2));
    }
  }

  @Test
  void itGoesOnWhatTheTableAndItsAdaptersGive() {
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("bert"))) {
      AdapterMethod onWords = method("{'target_modules':['word_embeddings']}");
      Family family = Family.of(base.config());
      List<Statement> noisy =
          new TrainingProgram.NoisyRows(Tuner.of(onWords, base), 5).apply("", family.embedding());
      int at = noisy.indexOf(new Noise(Embed.ROWS, 5, 0));
      assertThat(noisy.get(at - 1).output()).isEqualTo(Embed.ROWS);
      assertThat(noisy.subList(at + 1, noisy.size()))
          .anyMatch(each -> each.inputs().contains(Embed.ROWS))
          .noneMatch(each -> each.output().equals(Embed.ROWS));
      assertThat(new TrainingProgram.NoisyRows(Tuner.of(onWords, base), 5).apply("", family.head()))
          .noneMatch(Noise.class::isInstance);
    }
  }
}
