package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.Concurrent;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.AdapterCard;
import dev.graft.weights.Dtype;
import dev.graft.weights.GgufContents;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Results that bring the file for llama.cpp. */
@Concurrent
class GgufOutputTests {
  private static final String SPEC =
      "{%s'peft':{%s},'training':{'max_steps':3,'learning_rate':0.01}}";
  private static final String ASKED = "'output':{'gguf':true},";

  @TempDir private Path directory;
  private Path base;
  private Path rows;
  private final RecordedRuns runs = new RecordedRuns();

  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
    rows = Files.writeString(directory.resolve("rows.jsonl"), "{\"text\":\"abcabcabc\"}\n");
  }

  @Test
  void theFileSaysWhatItIsAndEqualRunsGiveEqualBytes() throws IOException {
    run("first", ASKED, "'r':4,'lora_alpha':6,'target_modules':['q_proj']");
    run("second", ASKED, "'r':4,'lora_alpha':6,'target_modules':['q_proj']");
    Path file = directory.resolve("first/gguf/adapter-f16.gguf");
    assertThat(file).hasSameBinaryContentAs(directory.resolve("second/gguf/adapter-f16.gguf"));
    GgufContents contents = GgufContents.read(file);
    assertThat(contents.fields())
        .containsExactly(
            List.of("general.architecture", "STRING", "llama"),
            List.of("general.type", "STRING", "adapter"),
            List.of("adapter.type", "STRING", "lora"),
            List.of("general.name", "STRING", "Tiny Lora"),
            List.of("general.base_model.count", "UINT32", 1),
            List.of("general.base_model.0.name", "STRING", "Tiny"),
            List.of("general.tags", "TEXTS", List.of("text-generation")),
            List.of("adapter.lora.alpha", "FLOAT32", 6f),
            List.of("general.quantization_version", "UINT32", 2));
    assertThat(contents.tensors())
        .extracting(each -> each.substring(0, each.indexOf(' ')))
        .startsWith("blk.0.attn_q.weight.lora_a", "blk.0.attn_q.weight.lora_b");
    assertThat(contents.tensors()).allMatch(each -> each.contains(" F16 ["));
  }

  /** Whatever the directory is called that somebody has unpacked it into. */
  @Test
  void theCommandWritesTheSameBytesAsTheJob() throws IOException {
    run("my-Adapter-7B-v2", ASKED, "'r':4,'lora_alpha':6");
    Path result = directory.resolve("my-Adapter-7B-v2");
    Path out = directory.resolve("out.gguf");
    String[] asked = {
      "--model", base.toString(), "--adapter", result.toString(), "--out", out.toString()
    };
    assertThat(new CommandLine(new AdapterConversion.GgufCommand()).execute(asked)).isZero();
    assertThat(out).hasSameBinaryContentAs(result.resolve("gguf/adapter-f16.gguf"));
  }

  /** The plain form has its scale in B, and as alpha its rank. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '"',
      value = {
        "'r':4,'use_rslora':true; 4",
        "'r':4,'init_lora_weights':'pissa','use_rslora':true; 8",
        "'peft_type':'VERA','r':6; 6",
        "'r':4,'alpha_pattern':{'q_proj':9},'target_modules':['q_proj','v_proj']; 4"
      })
  void whatLlamaCppWouldIgnoreIsFoldedIntoTheFactors(String peft, float alpha) throws IOException {
    run("out", ASKED, peft);
    Path result = directory.resolve("out");
    Path plain = directory.resolve("plain.gguf");
    try (ModelDirectory model = ModelDirectory.open(base);
        SavedAdapter adapter = SavedAdapter.read(result.resolve("plain_lora"))) {
      AdapterCard card = AdapterCard.read(result, "tiny-lora");
      PlainForm.writeGguf(plain, model, adapter, card, Dtype.F16);
    }
    assertThat(result.resolve("gguf/adapter-f16.gguf")).hasSameBinaryContentAs(plain);
    assertThat(GgufContents.read(plain).fields())
        .contains(List.of("adapter.lora.alpha", "FLOAT32", alpha));
  }

  @Test
  void whatWasConvertedForTheBaseIsTakenAsItIs() throws IOException {
    run("out", ASKED, "'r':4,'lora_alpha':6,'init_lora_weights':'olora'");
    assertThat(GgufContents.read(directory.resolve("out/gguf/adapter-f16.gguf")).fields())
        .contains(List.of("adapter.lora.alpha", "FLOAT32", 12f));
  }

  @Test
  void itIsNotThereUnlessAskedFor() {
    run("out", "", "'r':4");
    assertThat(directory.resolve("out/gguf")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'use_dora':true",
        "'bias':'all'",
        "'modules_to_save':['lm_head']",
        "'peft_type':'IA3'",
        "'peft_type':'PROMPT_TUNING','num_virtual_tokens':4"
      })
  void whatLlamaCppHasNoFormForIsRefusedBeforeAnythingTrains(String peft) {
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run("out", ASKED, peft))
        .withMessageStartingWith("llama.cpp does not load this adapter: ")
        .satisfies(refused -> assertThat(refused.param()).isEqualTo("adapter.output.gguf"));
    assertThat(runs.events).isEmpty();
  }

  private void run(String out, String more, String peft) {
    String spec = SPEC.formatted(more, peft);
    TrainingRun run = RecordedRuns.of(spec, base, rows, null, directory.resolve(out), null);
    assertThat(runs.run(run, 0)).isEqualTo(TrainerExit.DONE);
  }
}
