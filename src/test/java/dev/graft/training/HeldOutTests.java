package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.spec.TrainingSpec;
import dev.graft.text.Example;
import dev.graft.training.RowFile.HeldOut;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class HeldOutTests {
  @TempDir private Path directory;

  private static String pair(String prompt, String completion) {
    return "{\"prompt\":\"%s\",\"completion\":\"%s\"}".formatted(prompt, completion);
  }

  private static TrainingSpec spec(double share, String objective, long seed) {
    String adapter =
        "{\"objective\":\"%s\",\"training\":{\"held_out\":%s}}".formatted(objective, share);
    return TrainingSpec.resolve(new JsonMapper().readTree(adapter), null, null, null)
        .withSeed(seed);
  }

  private HeldOut.Parts parts(List<String> rows, TrainingSpec spec) throws IOException {
    Path file = Files.write(directory.resolve("rows.jsonl"), rows);
    return HeldOut.Parts.of(new RowFile("training_file", file), spec, RunControl.none());
  }

  private static List<Example> read(RowFile file) {
    List<Example> rows = new ArrayList<>();
    file.read((row, bytes) -> rows.add(row), List::of);
    return rows;
  }

  private static List<Example> held(HeldOut.Parts parts) {
    return read(Objects.requireNonNull(parts.validation()));
  }

  private static List<String> prompts(List<Example> rows) {
    return rows.stream().map(row -> ((Example.PromptCompletion) row).prompt()).toList();
  }

  private static List<String> pairs(int count) {
    return IntStream.range(0, count).mapToObj(i -> pair("q" + i, " a")).toList();
  }

  @Test
  void aShareOfTheRowsIsHeldOutAndTheOthersTrain() throws IOException {
    for (int count : new int[] {2, 9, 10, 14, 200}) {
      HeldOut.Parts parts = parts(pairs(count), spec(0.1, "sft", 42));
      int wanted = Math.max(1, Math.round(count / 10f));
      assertThat(held(parts)).hasSize(wanted);
      assertThat(read(parts.training())).hasSize(count - wanted);
      List<String> all = new ArrayList<>(prompts(held(parts)));
      all.addAll(prompts(read(parts.training())));
      assertThat(new TreeSet<>(all)).hasSize(count);
    }
    HeldOut.Parts whole = parts(pairs(10), spec(0, "sft", 42));
    assertThat(whole.validation()).isNull();
    assertThat(read(whole.training())).hasSize(10);
  }

  @Test
  void itIsTheSameRowsInWhateverOrderAndOthersOfAnotherSeed() throws IOException {
    List<String> rows = new ArrayList<>(pairs(100));
    List<String> held = prompts(held(parts(rows, spec(0.2, "sft", 42))));
    Collections.shuffle(rows, new Random(7));
    assertThat(prompts(held(parts(rows, spec(0.2, "sft", 42)))))
        .containsExactlyInAnyOrderElementsOf(held);
    assertThat(prompts(held(parts(rows, spec(0.2, "sft", 43))))).hasSize(20).isNotEqualTo(held);
  }

  @Test
  void rowsThatAskTheSameAreOnOneSide() throws IOException {
    List<String> rows =
        IntStream.range(0, 60)
            .mapToObj(i -> pair("q%s  %d".formatted(i % 2 == 0 ? " " : "", i / 4), " a" + i))
            .toList();
    HeldOut.Parts parts = parts(rows, spec(0.2, "sft", 1));
    assertThat(held(parts)).hasSize(12);
    List<String> asked = prompts(held(parts)).stream().map(q -> q.replace(" ", "")).toList();
    assertThat(prompts(read(parts.training())).stream().map(q -> q.replace(" ", "")))
        .doesNotContainAnyElementsOf(asked);
  }

  @Test
  void linesAreThoseOfTheFile() throws IOException {
    HeldOut.Parts parts = parts(pairs(30), spec(0.1, "sft", 42));
    assertThat(held(parts))
        .allSatisfy(
            row ->
                assertThat(((Example.PromptCompletion) row).prompt())
                    .isEqualTo("q" + (row.line() - 1)));
  }

  @Test
  void everyClassHasARowThatTrains() throws IOException {
    List<String> rows =
        IntStream.range(0, 40)
            .mapToObj(i -> "{\"text\":\"t%d\",\"label\":\"c%d\"}".formatted(i, i / 2))
            .toList();
    HeldOut.Parts parts = parts(rows, spec(0.5, "classification", 3));
    assertThat(held(parts)).hasSize(20);
    assertThat(read(parts.training()))
        .extracting(row -> ((Example.Labelled) row).label().words().getFirst())
        .doesNotHaveDuplicates()
        .hasSize(20);
  }

  @Test
  void numbersToPredictAreNoClasses() throws IOException {
    List<String> rows =
        IntStream.range(0, 40)
            .mapToObj(i -> "{\"text\":\"t%d\",\"label\":%s}".formatted(i, i / 8.0))
            .toList();
    assertThat(held(parts(rows, spec(0.25, "regression", 3)))).hasSize(10);
  }

  @Test
  void aFileThatHasOneQuestionOnlyIsRefused() {
    List<String> rows = IntStream.range(0, 30).mapToObj(i -> pair("q", " a" + i)).toList();
    assertThatThrownBy(() -> parts(rows, spec(0.1, "sft", 42)))
        .isInstanceOf(BadRun.class)
        .hasMessageContaining("no row of training_file can be held out");
  }

  @Test
  void whereEveryQuestionHasMoreRowsThanTheShareTheSmallestIsHeldOut() throws IOException {
    List<String> rows =
        IntStream.range(0, 30).mapToObj(i -> pair("q" + (i < 10 ? 0 : 1), " a" + i)).toList();
    assertThat(prompts(held(parts(rows, spec(0.1, "sft", 42))))).containsOnly("q0").hasSize(10);
  }
}
