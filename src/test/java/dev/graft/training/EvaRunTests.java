package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.spec.Lora;
import dev.graft.spec.TrainingSpec;
import dev.graft.tiny.TinyBert;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.SavedAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs whose LoRA starts from their data, with the real kernels. */
@Concurrent
class EvaRunTests {
  private static final String EVA = "'r':4,'init_lora_weights':'eva'";

  @TempDir private Path directory;
  private Path base;
  private Path rows;

  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
    rows =
        lines(
            "rows.jsonl",
            i ->
                "{\"prompt\":\"%s\",\"completion\":\"%s\"}"
                    .formatted("ab".repeat(i), "xyz".repeat(9 - i)));
  }

  private interface Line {
    String of(int number);
  }

  private Path lines(String name, Line line) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 1; i <= 8; i++) lines.add(line.of(i));
    return Files.write(directory.resolve(name), lines);
  }

  private static String spec(String peft, int batch, int accumulation, String more) {
    return ("{'peft':{%s},'training':{'max_steps':4,'learning_rate':0.01,"
            + "'per_device_train_batch_size':%d,'gradient_accumulation_steps':%d}%s}")
        .formatted(peft, batch, accumulation, more);
  }

  /** How a run went: what it ended with, its losses, how often it heard whether to go on. */
  private record Ran(TrainerExit exit, List<Double> losses, int polls) {}

  private List<Double> losses(String spec, String out) {
    return run(spec, out, null, null, Integer.MAX_VALUE, TrainerDirective.CANCEL).losses();
  }

  /**
   * @param at number of the poll at which something is said
   */
  private Ran run(
      String spec,
      String out,
      @Nullable Path earlier,
      @Nullable Path resumeFrom,
      int at,
      TrainerDirective says) {
    List<Double> losses = new ArrayList<>();
    AtomicInteger polls = new AtomicInteger();
    TrainingRun run = RecordedRuns.of(spec, base, rows, null, directory.resolve(out), resumeFrom);
    TrainerExit exit =
        FineTune.run(
            run.startingFrom(earlier),
            event -> {
              if (event instanceof TrainingEvent.Progress progress) losses.add(progress.loss());
            },
            () -> polls.incrementAndGet() == at ? says : null);
    return new Ran(exit, losses, polls.get());
  }

  private Lora method(String out) {
    try (SavedAdapter saved = SavedAdapter.read(directory.resolve(out))) {
      return (Lora) saved.method();
    }
  }

  @Test
  void theSplitIntoMicroBatchesChangesNeitherRanksNorLosses() {
    List<Double> whole = losses(spec(EVA, 8, 1, ""), "whole");
    List<Double> split = losses(spec(EVA, 2, 4, ""), "split");
    assertThat(method("whole").patterns().rankPattern()).isNotEmpty();
    assertThat(method("split")).isEqualTo(method("whole"));
    assertThat(split).hasSize(4);
    for (int i = 0; i < 4; i++) assertThat(split.get(i)).isCloseTo(whole.get(i), within(1e-4));
  }

  @Test
  void theResultHasTheRanksOfTheDataAndAPlainFormForEveryLoader() {
    losses(spec(EVA, 8, 1, ",'output':{'merged':true}"), "out");
    Lora method = method("out");
    assertThat(method.r()).isEqualTo(4);
    assertThat(method.patterns().rankPattern()).isNotEmpty();
    try (SavedAdapter plain = SavedAdapter.read(directory.resolve("out/plain_lora"))) {
      int most =
          method.patterns().rankPattern().values().stream()
              .mapToInt(Integer::intValue)
              .max()
              .orElseThrow();
      assertThat(((Lora) plain.method()).r()).isEqualTo(most);
    }
    assertThat(directory.resolve("out/merged/model.safetensors")).exists();
  }

  @Test
  void aRunThatContinuesKeepsTheRanksAndDoesNotLookAgain() {
    List<Double> first = losses(spec(EVA, 8, 1, ""), "first");
    String same = TrainingSpec.methodJson(method("first")).toString();
    String further = same.substring(0, same.length() - 1) + ",'training':{'max_steps':4}}";
    List<Double> second =
        run(
                further,
                "second",
                directory.resolve("first"),
                null,
                Integer.MAX_VALUE,
                TrainerDirective.CANCEL)
            .losses();
    assertThat(second.getFirst()).isLessThan(first.getFirst());
    assertThat(method("second")).isEqualTo(method("first"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'use_dora':true,'lora_dropout':0.1",
        "'use_rslora':true,'bias':'all'",
        "'target_modules':['q_proj','embed_tokens'],'rank_pattern':{'q_proj':2}",
        "'modules_to_save':['norm'],'trainable_token_indices':[5]",
        "'target_modules':['q_proj','v_proj'],'layers_to_transform':1",
        "'eva_config':{'rho':1,'use_label_mask':false,'whiten':true}"
      })
  void everythingElseOfALoraGoesWithIt(String more) {
    List<Double> losses = losses(spec(EVA + "," + more, 8, 1, ""), "out");
    assertThat(losses.getLast()).isLessThan(losses.getFirst());
  }

  @Test
  void aQuantisedBaseIsLookedAtAsItIs() {
    String four = ",'quantization':{'load_in_4bit':true}";
    List<Double> losses = losses(spec(EVA, 8, 1, four), "out");
    assertThat(losses.getLast()).isLessThan(losses.getFirst());
    assertThat(method("out").patterns().rankPattern()).isNotEmpty();
  }

  @Test
  void pairsAndRowsWithLabelsAreLookedAt() throws IOException {
    rows =
        lines(
            "pairs.jsonl",
            i ->
                "{\"prompt\":\"%s\",\"chosen\":\"%s\",\"rejected\":\"%s\"}"
                    .formatted("ab".repeat(i), "xyz".repeat(i), "zy".repeat(i)));
    losses(spec(EVA, 8, 1, ",'objective':'dpo'"), "pairs");
    assertThat(method("pairs").patterns().rankPattern()).isNotEmpty();
    base = TinyBert.write(directory.resolve("bert"), 1);
    rows =
        lines(
            "labels.jsonl",
            i -> "{\"text\":\"%s\",\"label\":\"%s\"}".formatted("ab".repeat(i), i % 2 == 0));
    losses(spec(EVA, 8, 1, ",'objective':'classification'"), "labels");
    Lora method = method("labels");
    assertThat(method.patterns().rankPattern()).isNotEmpty();
    assertThat(method.rank("bert.pooler.dense")).isEqualTo(4);
  }

  @Test
  void tooFewTokensAreSaidWithWhatHelps() {
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> losses(spec("'r':16,'init_lora_weights':'eva'", 1, 1, ""), "out"))
        .withMessageContaining("eva_config: no step has r times rho = 32 tokens");
  }

  /** Rows are read with a poll each, so that the next ones are those of the look. */
  @Test
  void theLookEndsWhenTheRunIsCancelled() {
    Ran ran = run(spec(EVA, 8, 1, ""), "out", null, null, 8 + 2, TrainerDirective.CANCEL);
    assertThat(ran).isEqualTo(new Ran(TrainerExit.CANCELLED, List.of(), 8 + 2));
  }

  @Test
  void aRunThatStoppedWhileItLookedResumesWithoutAnotherLook() {
    String spec = spec(EVA, 8, 1, "");
    Ran whole = run(spec, "whole", null, null, Integer.MAX_VALUE, TrainerDirective.CANCEL);
    TrainerDirective stop = TrainerDirective.STOP_AFTER_CHECKPOINT;
    Ran cut = run(spec, "cut", null, null, 8 + 2, stop);
    assertThat(cut.exit()).isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
    assertThat(cut.losses()).isEmpty();
    Path checkpoint = Checkpoints.newest(directory.resolve("cut/checkpoints")).orElseThrow();
    Ran resumed = run(spec, "cut", null, checkpoint, Integer.MAX_VALUE, stop);
    assertThat(resumed.losses()).isEqualTo(whole.losses());
    assertThat(resumed.polls()).isLessThan(whole.polls() - 1);
    assertThat(directory.resolve("cut/adapter_model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("whole/adapter_model.safetensors"));
  }
}
