package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.model.MicroBatch.LabelBatch;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.Task;
import dev.graft.weights.Task.Problem;
import dev.graft.weights.Task.SequenceClassification;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Concurrent
class ClassificationTests {
  private static final Path MODELS = Path.of("src/test/resources/parity/models");
  private static final AdapterMethod LORA = new Lora(4, 8, 0, new TargetModules.AllLinear());
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.TRAINER, 1);
  private static final int[][] ROWS = {{5, 6, 7}, {11, 12, 13, 14, 15, 16}, {40, 41}};
  private static final Task FIVE =
      SequenceClassification.unnamed(5, Problem.SINGLE_LABEL_CLASSIFICATION);

  private static TrainableModel load(String name, long seed) {
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve(name))) {
      return TrainableModel.load(base, LORA, ADAMW, ComputePlan.KEEP, seed);
    }
  }

  private static TrainableModel newHead(String name, long seed) {
    try (ModelDirectory stored = ModelDirectory.open(MODELS.resolve(name));
        ModelDirectory base = stored.withTask(FIVE)) {
      return TrainableModel.load(base, LORA, ADAMW, ComputePlan.KEEP, seed);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "roberta", "distilbert", "llama-cls"})
  void aRowsLogitsDoNotDependOnThePaddingThatOthersBring(String name) {
    try (TrainableModel model = load(name, 1)) {
      float[][][] together = model.logits(ROWS);
      for (int r = 0; r < ROWS.length; r++) {
        float[] alone = model.logits(new int[][] {ROWS[r]})[0][0];
        assertThat(together[r][0]).containsExactly(alone, within(1e-5f));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "distilbert"})
  void anEncoderSeesEveryTokenOfItsRowInBothDirections(String name) {
    try (TrainableModel model = load(name, 1)) {
      float[] one = model.logits(new int[][] {{5, 6, 7}})[0][0];
      float[] other = model.logits(new int[][] {{5, 6, 8}})[0][0];
      assertThat(one).isNotEqualTo(other);
    }
  }

  @Test
  void aDecoderReadsTheLastTokenThatIsNotThePadToken() {
    try (TrainableModel model = load("llama-cls", 1)) {
      float[][][] logits = model.logits(new int[][] {{5, 6, 7}, {5, 6, 7, 0, 0}, {0, 0}, {0}});
      assertThat(logits[1][0]).containsExactly(logits[0][0], within(1e-6f));
      assertThat(logits[2][0]).containsExactly(logits[3][0], within(1e-6f));
    }
  }

  @ParameterizedTest
  @CsvSource({"bert, 2", "roberta, 4", "distilbert, 4", "gpt2, 1", "gpt-neox, 1", "llama, 1"})
  void aNewHeadTrainsWholeAndLearns(String name, int headTensors) {
    LabelBatch batch = new LabelBatch(ROWS, new double[][] {{4}, {0}, {2}});
    try (TrainableModel model = newHead(name, 7)) {
      List<NamedTensor> before = model.saved().stream().map(NamedTensor::inMemory).toList();
      assertThat(before).filteredOn(each -> !each.name().contains("lora_")).hasSize(headTensors);
      double first = model.evaluate(batch).mean();
      for (int i = 0; i < 40; i++) {
        model.accumulate(batch, batch.targets(), i);
        model.update(1e-2);
      }
      PendingLoss.TokenLoss last = model.evaluate(batch);
      assertThat(last.mean()).isLessThan(first / 4);
      assertThat(last.correct()).isEqualTo(3);
      List<NamedTensor> after = model.saved().stream().map(NamedTensor::inMemory).toList();
      for (int i = 0; i < before.size(); i++) {
        assertThat(after.get(i).toFloats())
            .as(before.get(i).name())
            .isNotEqualTo(before.get(i).toFloats());
      }
    }
  }

  @Test
  void aNewHeadIsAFunctionOfTheSeed() {
    assertThat(scores("llama", 7)).isEqualTo(scores("llama", 7)).isNotEqualTo(scores("llama", 8));
    float[] weights = scores("llama", 7);
    double square = 0;
    for (float each : weights) square += each * each;
    // initializer_range of every model here is 0.02
    assertThat(Math.sqrt(square / weights.length)).isCloseTo(0.02, within(0.005));
    try (TrainableModel model = newHead("bert", 7)) {
      assertThat(find(model, "base_model.model.classifier.bias").toFloats()).containsOnly(0f);
    }
  }

  private static float[] scores(String name, long seed) {
    try (TrainableModel model = newHead(name, seed)) {
      return find(model, "base_model.model.score.weight").toFloats();
    }
  }

  @Test
  void aHeadThatTheCheckpointHasIsKept() {
    try (ModelDirectory base = ModelDirectory.open(MODELS.resolve("bert"));
        TrainableModel model = load("bert", 7)) {
      float[] stored = base.weights().require("classifier.weight", 3, 32).toFloats();
      assertThat(find(model, "base_model.model.classifier.weight").toFloats()).isEqualTo(stored);
    }
  }

  @Test
  void rowsOfTheWrongKindAreRefused() {
    LabelBatch labels = new LabelBatch(ROWS, new double[][] {{1}, {0}, {2}});
    try (TrainableModel model = load("llama", 1)) {
      assertThatThrownBy(() -> model.evaluate(labels)).hasMessageContaining("tokens, not labels");
    }
    try (TrainableModel model = load("bert", 1)) {
      assertThatThrownBy(() -> model.evaluate(new MicroBatch.TokenBatch(ROWS, ROWS)))
          .hasMessageContaining("labels, not tokens");
      LabelBatch tooLarge = new LabelBatch(ROWS, new double[][] {{1}, {0}, {3}});
      assertThatThrownBy(() -> model.evaluate(tooLarge)).hasMessageContaining("row 2");
    }
  }

  @Test
  void rowsOfAWindowCountTheSameInOneBatchOrSeveral() {
    double[][] labels = {{1}, {0}, {2}};
    try (TrainableModel whole = load("bert", 1);
        TrainableModel split = load("bert", 1)) {
      whole.accumulate(new LabelBatch(ROWS, labels), 3, 0);
      for (int r : IntStream.range(0, 3).toArray()) {
        int[][] row = {ROWS[r]};
        split.accumulate(new LabelBatch(row, new double[][] {labels[r]}), 3, 0);
      }
      assertThat(split.update(1e-3)).isCloseTo(whole.update(1e-3), within(1e-5));
      assertThat(split.trained().getFirst().toFloats())
          .containsExactly(whole.trained().getFirst().toFloats(), within(1e-6f));
    }
  }

  private static NamedTensor find(TrainableModel model, String name) {
    return model.saved().stream()
        .filter(each -> each.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
