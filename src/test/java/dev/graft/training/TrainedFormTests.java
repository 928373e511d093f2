package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.Concurrent;
import dev.graft.spec.SpecRejected;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SavedAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters whose start was taken out of the base, in the form that trained. */
@Concurrent
class TrainedFormTests {
  private static final String SPEC =
      "{%s'peft':{%s},'training':{'max_steps':3,'learning_rate':2e-4}}";
  private static final String ASKED = "'output':{'trained_form':true},";

  @TempDir private Path directory;
  private Path base;
  private Path rows;
  private final RecordedRuns runs = new RecordedRuns();

  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
    List<String> lines = new ArrayList<>();
    for (int i = 1; i < 9; i++) {
      lines.add("{\"prompt\":\"%s\",\"completion\":\"xyz\"}".formatted("ab".repeat(i)));
    }
    rows = Files.write(directory.resolve("rows.jsonl"), lines);
  }

  /** The result is [A; A0] and [B, -B0]: its first half is what trained. */
  @ParameterizedTest
  @ValueSource(strings = {"pissa", "olora"})
  void theFactorsThatTrainedAreHalfOfTheResult(String start) throws IOException {
    run("out", ASKED, "'r':4,'init_lora_weights':'%s'".formatted(start));
    Path form = directory.resolve("out/trained_form");
    assertThat(form.resolve("adapter_config.json"))
        .content()
        .contains("\"init_lora_weights\": \"%s\"".formatted(start), "\"r\": 4");
    assertThat(directory.resolve("out/README.md")).content().contains("| learning rate | 2e-4 |");
    assertThat(form.resolve("README.md"))
        .content()
        .contains("| vllm | with conversion |", "use the result in the parent directory");
    try (SavedAdapter result = SavedAdapter.read(directory.resolve("out"));
        SafetensorsFile trained = SafetensorsFile.open(form.resolve("adapter_model.safetensors"))) {
      Map<String, NamedTensor> whole =
          result.tensors().stream()
              .collect(Collectors.toMap(NamedTensor::name, Function.identity()));
      assertThat(trained.names()).containsExactlyInAnyOrderElementsOf(whole.keySet());
      trained
          .tensors()
          .forEach(
              each -> {
                NamedTensor both = whole.get(each.name());
                float[] half = each.name().contains("lora_A") ? rowsOf(both) : columnsOf(both);
                assertThat(each.toFloats()).isEqualTo(half);
              });
    }
  }

  @Test
  void itIsNotThereUnlessAskedFor() {
    run("out", "", "'r':4,'init_lora_weights':'olora'");
    assertThat(directory.resolve("out/trained_form")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'r':4",
        "'r':4,'init_lora_weights':'pissa_niter_2'",
        "'peft_type':'PROMPT_TUNING','num_virtual_tokens':4"
      })
  void otherStartsHaveNone(String peft) {
    assertThatExceptionOfType(SpecRejected.class)
        .isThrownBy(() -> run("out", ASKED, peft))
        .withMessageContaining("adapter.output.trained_form: needs init_lora_weights");
  }

  private void run(String out, String more, String peft) {
    String spec = SPEC.formatted(more, peft);
    TrainingRun run = RecordedRuns.of(spec, base, rows, null, directory.resolve(out), null);
    assertThat(runs.run(run, 0)).isEqualTo(TrainerExit.DONE);
  }

  private static float[] rowsOf(NamedTensor a) {
    return Arrays.copyOf(a.toFloats(), a.toFloats().length / 2);
  }

  private static float[] columnsOf(NamedTensor b) {
    float[] both = b.toFloats();
    int r = (int) b.shape()[1] / 2;
    float[] half = new float[both.length / 2];
    for (int i = 0; i < half.length; i++) half[i] = both[i / r * 2 * r + i % r];
    return half;
  }
}
