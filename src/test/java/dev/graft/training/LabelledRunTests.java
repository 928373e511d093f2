package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.Concurrent;
import dev.graft.tiny.TinyBert;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Rows with labels, from the file to the result. */
@Concurrent
class LabelledRunTests {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String SPEC =
      "{'objective':'%s',%s'training':{'max_steps':%d,'per_device_train_batch_size':8,"
          + "'learning_rate':%s,'lr_scheduler_type':'constant','save_steps':20}}";

  @TempDir private Path directory;
  private Path base;
  private final RecordedRuns runs = new RecordedRuns();

  @BeforeEach
  void writeBase() throws IOException {
    base = TinyBert.write(directory.resolve("base"), 1);
  }

  @Test
  void anEncoderLearnsClassesByName() throws IOException {
    run(spec("classification", 60, 0.01), rows("label", 48), rows("label", 12), "out");
    var first = runs.of(TrainingEvent.Evaluated.class).getFirst();
    var last = last();
    assertThat(last.validLoss()).isLessThan(first.validLoss() / 3);
    assertThat(last.metrics()).containsOnlyKeys("accuracy", "f1_macro");
    assertThat(last.metrics().get("accuracy")).isEqualTo(1);
    Path out = directory.resolve("out");
    JsonNode config = JSON.readTree(out.resolve("config.json"));
    assertThat(config.path("architectures").path(0).asString())
        .isEqualTo("BertForSequenceClassification");
    assertThat(config.path("id2label").toString())
        .isEqualTo("{\"0\":\"ay\",\"1\":\"be\",\"2\":\"sea\"}");
    assertThat(config.path("label2id").path("sea").asInt()).isEqualTo(2);
    assertThat(JSON.readTree(out.resolve("adapter_config.json")).path("task_type").asString())
        .isEqualTo("SEQ_CLS");
    JsonNode measured = JSON.readTree(out.resolve("eval_results.json"));
    assertThat(measured.path("eval_accuracy").asDouble()).isEqualTo(1);
    assertThat(measured.path("eval_loss").asDouble()).isEqualTo(last.validLoss());
    assertThat(Files.readString(out.resolve("README.md")))
        .contains(
            "pipeline_tag: text-classification",
            "dtype=\"float32\")",
            "| precision | float32 |",
            "| eval\\_accuracy | 1.0000 |".replace("\\", ""));
  }

  @Test
  void aResumedRunGivesTheSameBytes() throws IOException {
    Path rows = rows("label", 48);
    run(spec("classification", 40, 0.01), rows, null, "whole");
    Path checkpoints = directory.resolve("whole/checkpoints");
    Path out = directory.resolve("again");
    TrainingRun again =
        RecordedRuns.of(
            spec("classification", 40, 0.01),
            base,
            rows,
            null,
            out,
            Checkpoints.newest(checkpoints).orElseThrow());
    assertThat(runs.run(again, 0)).isEqualTo(TrainerExit.DONE);
    assertThat(out.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("whole/adapter_model.safetensors"));
  }

  @Test
  void severalLabelsARowAreLearnedOneByOne() throws IOException {
    run(spec("classification", 80, 0.01), rows("labels", 48), rows("labels", 12), "out");
    assertThat(last().metrics()).containsOnlyKeys("accuracy", "f1_micro", "f1_macro");
    assertThat(last().metrics().get("f1_micro")).isGreaterThan(0.9);
    assertThat(JSON.readTree(directory.resolve("out/config.json")).path("problem_type").asString())
        .isEqualTo("multi_label_classification");
  }

  @Test
  void numbersAreLearnedAsARegression() throws IOException {
    run(spec("regression", 80, 0.01), rows("number", 48), rows("number", 12), "out");
    assertThat(last().metrics()).containsOnlyKeys("mse", "mae", "pearson");
    assertThat(last().metrics().get("pearson")).isGreaterThan(0.9);
    assertThat(last().validLoss()).isEqualTo(last().metrics().get("mse"));
  }

  @Test
  void aDecoderClassifiesWithANewHeadAndFullTrainingGivesAWholeModel() throws IOException {
    base = TinyLlama.write(directory.resolve("llama"), 1);
    String full = full(60);
    run(full, rows("label", 48), rows("label", 12), "out");
    assertThat(last().metrics().get("accuracy")).isGreaterThan(0.9);
    try (ModelDirectory result = ModelDirectory.open(directory.resolve("out"))) {
      result.check();
      assertThat(((Task.SequenceClassification) result.config().task()).labels())
          .containsExactly("ay", "be", "sea");
      assertThat(result.weights().has("score.weight", 3, 32)).isTrue();
    }
  }

  @Test
  void aHeadThatKnowsTheClassesGoesOnWithItsOwnOrder() throws IOException {
    String full = full(4);
    run(full, rows("label", 48), null, "first");
    base = directory.resolve("first");
    Files.copy(
        directory.resolve("base/tokenizer.json"),
        base.resolve("tokenizer.json"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    Path two =
        Files.writeString(
            directory.resolve("two.jsonl"),
            "{\"text\":\"x\",\"label\":\"sea\"}\n{\"text\":\"y\",\"label\":\"ay\"}\n");
    run(spec("classification", 1, 0.003), two, null, "second");
    assertThat(JSON.readTree(directory.resolve("second/config.json")).path("id2label").size())
        .isEqualTo(3);
  }

  @Test
  void whatDoesNotFitIsRefusedWithItsLine() throws IOException {
    assertRefused("sft", rows("label", 4), null, "objective must be classification or regression");
    assertRefused("classification", text("{'text':'a'}"), null, "line 1 is a text row");
    assertRefused("regression", rows("label", 4), null, "line 1 has a label that is not a number");
    assertRefused("classification", text("{'text':'a','label':'x'}"), null, "has 1 classes");
    assertRefused(
        "classification",
        text("{'text':'a','label':0.5}\n{'text':'a','label':1}"),
        null,
        "line 1 has a fraction as label");
    assertRefused(
        "classification",
        rows("label", 4),
        text("{'text':'a','label':'new'}"),
        "validation_file, line 1 has a label that does not occur in the training rows: new");
    assertRefused(
        "classification",
        rows("label", 4),
        text("{'text':'a','labels':['be']}"),
        "validation_file, line 1 has labels");
  }

  private void assertRefused(String objective, Path rows, @Nullable Path validation, String words) {
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run(spec(objective, 2, 0.01), rows, validation, "refused"))
        .withMessageContaining(words);
  }

  private static String spec(String objective, int steps, double rate) {
    String adapter = objective.equals("sft") ? "" : "'peft':{'r':4},";
    return SPEC.formatted(objective, adapter, steps, Double.toString(rate)).replace('\'', '"');
  }

  private static String full(int steps) {
    return spec("classification", steps, 0.003)
        .replace("\"peft\":{\"r\":4}", "\"method\":{\"type\":\"full\"}");
  }

  private TrainingEvent.Evaluated last() {
    return runs.of(TrainingEvent.Evaluated.class).getLast();
  }

  /** Texts of one letter over and over; the letter decides. */
  private Path rows(String kind, int count) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < count; i++) {
      int letter = i % 3;
      String text = "abc".substring(letter, letter + 1).repeat(2 + i % 5);
      String label =
          switch (kind) {
            case "label" -> "\"label\":\"%s\"".formatted(List.of("ay", "be", "sea").get(letter));
            case "labels" ->
                "\"labels\":%s".formatted(List.of("[]", "[\"b\"]", "[\"b\",\"c\"]").get(letter));
            case "number" ->
                "\"label\":%s".formatted(String.format(Locale.ROOT, "%.1f", letter - 1.0));
            default -> throw new IllegalArgumentException(kind);
          };
      lines.append("{\"text\":\"%s\",%s}%n".formatted(text, label));
    }
    return Files.writeString(directory.resolve(kind + count + ".jsonl"), lines);
  }

  private Path text(String lines) throws IOException {
    return Files.writeString(
        Files.createTempFile(directory, "rows", ".jsonl"), lines.replace('\'', '"'));
  }

  private void run(String spec, Path rows, @Nullable Path validation, String out) {
    TrainingRun run = RecordedRuns.of(spec, base, rows, validation, directory.resolve(out), null);
    assertThat(runs.run(run, 0)).isEqualTo(TrainerExit.DONE);
  }
}
