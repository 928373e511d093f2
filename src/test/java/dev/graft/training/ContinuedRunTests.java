package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.spec.SpecRejected;
import dev.graft.tiny.TinyBert;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs that go on from what another run has made, with the real kernels. */
@Concurrent
class ContinuedRunTests {
  private static final String TRAINING =
      "'training':{'max_steps':6,'per_device_train_batch_size':4,'learning_rate':0.01,"
          + "'weight_decay':0.1}";

  @TempDir private Path directory;
  private Path base;
  private Path rows;
  private @Nullable Path held;
  private final RecordedRuns runs = new RecordedRuns();

  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
    rows = chats("rows", "ab", 11);
    held = chats("held", "cd", 5);
  }

  private Path chats(String name, String question, int count) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < count; i++) {
      lines.append(
          "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}%n"
              .formatted(question.repeat(i), "xyz".repeat(count - i)));
    }
    return Files.writeString(directory.resolve(name + ".jsonl"), lines);
  }

  /** The held-out loss before the first step is, to the bit, what the first run ended with. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "'peft':{'r':4,'lora_dropout':0.1}",
        "'peft':{'r':4,'bias':'all','lora_bias':true}",
        "'peft':{'r':4,'use_dora':true}",
        "'peft':{'r':4,'use_rslora':true,'rank_pattern':{'q_proj':2},'alpha_pattern':{'v_proj':5}}",
        "'peft':{'r':4,'target_modules':['v_proj'],'modules_to_save':['lm_head']}",
        "'peft':{'r':4,'target_modules':['embed_tokens','v_proj']}",
        "'peft':{'r':4,'trainable_token_indices':[97,98]}",
        "'peft':{'r':4,'init_lora_weights':'loftq','loftq_config':{'loftq_bits':4,'loftq_iter':2}}",
        "'peft':{'peft_type':'IA3'}",
        "'peft':{'peft_type':'LN_TUNING'}",
        "'peft':{'peft_type':'PROMPT_TUNING','num_virtual_tokens':3}",
        "'peft':{'peft_type':'PREFIX_TUNING','num_virtual_tokens':3}",
        "'peft':{'peft_type':'VERA','r':8}",
        "'method':{'type':'bottleneck','variant':'houlsby','reduction_factor':4}"
      })
  void aRunBeginsWhereTheAdapterIs(String method) {
    String spec = "{%s,%s}".formatted(method, TRAINING);
    assertThat(run(spec, "first", null, null, 0)).isEqualTo(TrainerExit.DONE);
    double ended = validLosses().getLast();
    assertThat(ended).isNotEqualTo(validLosses().getFirst());
    run(inherited("{%s}".formatted(TRAINING), "first"), "second", "first", null, 0);
    assertThat(validLosses().getFirst()).isEqualTo(ended);
    assertThat(validLosses().getLast()).isNotEqualTo(ended);
  }

  @ParameterizedTest
  @ValueSource(strings = {"pissa", "olora"})
  void aStartOutOfTheBaseGoesOnAsTheLoraThatItBecame(String init) {
    String spec = "{'peft':{'r':4,'init_lora_weights':'%s'},%s}".formatted(init, TRAINING);
    run(spec, "first", null, null, 0);
    double ended = validLosses().getLast();
    String goesOn = inherited("{%s}".formatted(TRAINING), "first");
    assertThat(goesOn).contains("'r':8", "'init_lora_weights':true");
    run(goesOn, "second", "first", null, 0);
    assertThat(validLosses().getFirst()).isCloseTo(ended, within(2e-5));
  }

  @Test
  void theFirstStepHasTheLossOfTheAdapter() {
    run("{'peft':{'r':4},%s}".formatted(TRAINING), "first", null, null, 0);
    held = rows;
    String whole =
        "{'training':{'max_steps':1,'per_device_train_batch_size':11,'learning_rate':0.01}}";
    run(inherited(whole, "first"), "second", "first", null, 0);
    double first = runs.of(TrainingEvent.Progress.class).getFirst().loss();
    assertThat(first).isCloseTo(validLosses().getFirst(), within(1e-5));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'peft':{'r':4,'lora_dropout':0.1} | adapter_model.safetensors",
        "'peft':{'r':4,'use_dora':true} | adapter_model.safetensors",
        "'peft':{'r':4,'init_lora_weights':'pissa'} | adapter_model.safetensors"
      })
  void anInterruptedRunGivesTheSameBytes(String method, String result) {
    run("{%s,%s}".formatted(method, TRAINING), "first", null, null, 0);
    String spec = inherited("{%s}".formatted(TRAINING), "first");
    assertThat(run(spec, "whole", "first", null, 0)).isEqualTo(TrainerExit.DONE);
    assertThat(run(spec, "cut", "first", null, 2)).isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
    Path checkpoint = Checkpoints.newest(directory.resolve("cut/checkpoints")).orElseThrow();
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run(spec, "other", "whole", checkpoint, 0))
        .withMessageContaining("a run with other settings");
    assertThat(run(spec, "cut", "first", checkpoint, 0)).isEqualTo(TrainerExit.DONE);
    assertThat(directory.resolve("cut").resolve(result))
        .hasSameBinaryContentAs(directory.resolve("whole").resolve(result));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{'type':'full'}", "{'type':'freeze','trainable_layers':1}"})
  void aCheckpointOfTheBasesOwnWeightsGoesOn(String method) {
    String spec =
        "{'method':%s,%s}".formatted(method, TRAINING.replace("{'max", "{'eval_steps':3,'max"));
    run(spec, "whole", null, null, 0);
    double atCheckpoint = validLosses().get(1);
    run(spec, "first", null, null, 3);
    Path checkpoint = Checkpoints.newest(directory.resolve("first/checkpoints")).orElseThrow();
    run(spec, "second", directory.relativize(checkpoint).toString(), null, 0);
    assertThat(validLosses().getFirst()).isEqualTo(atCheckpoint);
    assertThat(validLosses().getLast()).isNotEqualTo(atCheckpoint);
  }

  @Test
  void preferencesAreMeasuredFromTheAdapterThatGoesOn() throws IOException {
    run("{'peft':{'r':4},%s}".formatted(TRAINING), "first", null, null, 0);
    StringBuilder pairs = new StringBuilder();
    for (int i = 1; i < 9; i++) {
      pairs.append(
          "{\"prompt\":\"%s\",\"chosen\":\"%s\",\"rejected\":\"%s\"}%n"
              .formatted("ab".repeat(i), "x".repeat(9 - i), "y".repeat(i)));
    }
    rows = Files.writeString(directory.resolve("pairs.jsonl"), pairs);
    held = rows;
    String spec = inherited("{'objective':'dpo',%s}".formatted(TRAINING), "first");
    run(spec, "whole", "first", null, 0);
    assertThat(validLosses().getFirst()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(validLosses().getLast()).isLessThan(Math.log(2));
    run(spec, "cut", "first", null, 2);
    Path checkpoint = Checkpoints.newest(directory.resolve("cut/checkpoints")).orElseThrow();
    run(spec, "cut", "first", checkpoint, 0);
    assertThat(directory.resolve("cut/adapter_model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("whole/adapter_model.safetensors"));
  }

  @Test
  void aClassificationKeepsItsHeadAndItsClasses() throws IOException {
    base = TinyBert.write(directory.resolve("bert"), 1);
    rows = labels("cba");
    held = labels("abc");
    String spec = "{'objective':'classification','peft':{'r':4},%s}".formatted(TRAINING);
    run(spec, "first", null, null, 0);
    double ended = validLosses().getLast();
    rows = labels("ac");
    String goesOn = "{'objective':'classification',%s}".formatted(TRAINING);
    run(inherited(goesOn, "first"), "second", "first", null, 0);
    assertThat(validLosses().getFirst()).isEqualTo(ended);
    assertThat(directory.resolve("second/config.json"))
        .hasSameTextualContentAs(directory.resolve("first/config.json"));
    rows = labels("ad");
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run(inherited(goesOn, "first"), "third", "first", null, 0))
        .withMessageContaining("its classes are a, b, c");
  }

  private Path labels(String names) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      String label = names.substring(i % names.length(), i % names.length() + 1);
      lines.append("{\"text\":\"%s\",\"label\":\"%s\"}%n".formatted(label.repeat(i + 1), label));
    }
    return Files.writeString(directory.resolve("labels-" + names + ".jsonl"), lines);
  }

  @Test
  void whatTheRequestSaysMustAgreeWithTheAdapter() {
    run("{'peft':{'r':4,'lora_alpha':6},%s}".formatted(TRAINING), "first", null, null, 0);
    assertThat(inherited("{'peft':{'r':4,'lora_dropout':0.25}}", "first"))
        .contains("'lora_alpha':6.0", "'lora_dropout':0.25");
    refuses("{'peft':{'r':8}}", "adapter.peft.r", "is 8, but the adapter");
    refuses("{'peft':{'lora_alpha':8}}", "adapter.peft.lora_alpha", "has 6.0");
    refuses("{'peft':{'peft_type':'IA3'}}", "adapter.peft.peft_type", "is \"IA3\"");
    refuses("{'peft':{'target_modules':['q_proj']}}", "adapter.peft.target_modules", "k_proj");
    refuses("{'peft':{'init_lora_weights':'pissa'}}", "adapter.peft.init_lora_weights", "true");
    refuses("{'peft':{'rr':8}}", "adapter.peft.rr", "unknown setting");
    refuses("{'method':{'type':'full'}}", "adapter.method", "must be left out");
  }

  private void refuses(String adapter, String path, String message) {
    assertThatExceptionOfType(SpecRejected.class)
        .isThrownBy(() -> inherited(adapter, "first"))
        .satisfies(e -> assertThat(e.problems()).extracting("path").containsExactly(path))
        .withMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'peft_type':'P_TUNING','num_virtual_tokens':3 | not the encoder that trains",
        "'peft_type':'PREFIX_TUNING','num_virtual_tokens':3,'prefix_projection':true | not the"
            + " projection that trains",
        "'peft_type':'ADALORA','init_r':4,'target_r':2,'tinit':1,'tfinal':2,'deltaT':2,'total_step':6"
            + " | prunes its ranks only once"
      })
  void whatWasNotSavedCannotContinue(String peft, String reason) {
    run("{'peft':{%s},%s}".formatted(peft, TRAINING), "first", null, null, 0);
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> inherited("{}", "first"))
        .withMessageContaining(reason);
  }

  @Test
  void thePlainFormOfAdaLoraGoesOnAsALora() {
    String ranks = "'init_r':4,'target_r':2,'tinit':1,'tfinal':2,'deltaT':2,'total_step':6";
    run(
        "{'peft':{'peft_type':'ADALORA',%s},%s}".formatted(ranks, TRAINING),
        "first",
        null,
        null,
        0);
    double ended = validLosses().getLast();
    String spec = inherited("{%s}".formatted(TRAINING), "first/plain_lora");
    run(spec, "second", "first/plain_lora", null, 0);
    assertThat(validLosses().getFirst()).isCloseTo(ended, within(2e-5));
  }

  @Test
  void whatIsNoAdapterOfThisBaseIsToldApart() throws IOException {
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> inherited("{}", "nothing"))
        .withMessageContaining("training cannot continue from this adapter");
    run("{'peft':{'r':4},%s}".formatted(TRAINING), "first", null, null, 0);
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(
            () -> run("{'peft':{'r':8},%s}".formatted(TRAINING), "second", "first", null, 0))
        .withMessageContaining("adapter.peft.lora_alpha is 16.0, but the adapter");
    Path weights = directory.resolve("first/adapter_model.safetensors");
    Files.write(weights, IntStream.range(0, 40).mapToObj(i -> "x").toList());
    String spec = "{'peft':{'r':4},%s}".formatted(TRAINING);
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run(spec, "second", "first", null, 0))
        .withMessageContaining("training cannot continue from this adapter");
  }

  /** The adapter object as a request would be resolved, with single quotes. */
  private String inherited(String adapter, String from) {
    JsonNode json = new JsonMapper().readTree(adapter.replace('\'', '"'));
    return StartFrom.inherit(directory.resolve(from), json).toString().replace('"', '\'');
  }

  private List<Double> validLosses() {
    return runs.of(TrainingEvent.Evaluated.class).stream()
        .map(TrainingEvent.Evaluated::validLoss)
        .toList();
  }

  private TrainerExit run(
      String spec, String name, @Nullable String from, @Nullable Path resumeFrom, int stopAfter) {
    TrainingRun run =
        RecordedRuns.of(spec, base, rows, held, directory.resolve(name), resumeFrom)
            .startingFrom(from == null ? null : directory.resolve(from));
    return runs.run(run, stopAfter);
  }
}
