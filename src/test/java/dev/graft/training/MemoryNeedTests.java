package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.model.ComputePlan;
import dev.graft.spec.TrainingSpec;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/** Counted by hand from the shapes of a small Llama. */
class MemoryNeedTests {
  private static final String LORA = "'peft': {'r': 4}";
  private static final String FULL = "'method': {'type': 'full'}";

  @TempDir Path directory;
  private ModelConfig config;

  @BeforeEach
  void aBase() throws Exception {
    TinyLlama.write(directory.resolve("base"), 1);
    try (ModelDirectory model = ModelDirectory.open(directory.resolve("base"))) {
      config = model.config();
    }
  }

  private TrainedParts of(RowSizes data, String... settings) {
    String adapter = "{" + String.join(", ", settings).replace('\'', '"') + "}";
    return TrainedParts.of(
        directory.resolve("base"),
        TrainingSpec.resolve(JsonMapper.shared().readTree(adapter), null, null, null),
        data);
  }

  private MemoryNeed need(String... settings) {
    return of(RowSizes.UNKNOWN, settings).memory();
  }

  private static String training(String settings) {
    return "'training': {" + settings + "}";
  }

  private long weights() {
    return config.parameters().stream()
        .mapToLong(p -> Arrays.stream(p.shape()).reduce(1, (a, b) -> a * b))
        .sum();
  }

  @Test
  void whatTrainsHasSixteenBytesAScalarAndTheBaseFour() {
    TrainedParts lora = of(RowSizes.UNKNOWN, LORA);
    assertThat(lora.memory().trained()).isEqualTo(16 * lora.parameters());
    assertThat(lora.memory().weights()).isEqualTo(4 * weights());
    assertThat(need(FULL).trained()).isEqualTo(16 * weights());
    assertThat(need(FULL).weights()).isZero();
  }

  @Test
  void lowerPrecisionAndQuantisedWeightsAreSmaller() {
    long whole = need(LORA).weights();
    long half = need(LORA, training("'bf16': true")).weights();
    long eight = need(LORA, "'quantization': {'load_in_8bit': true}").weights();
    long four = need(LORA, "'quantization': {'load_in_4bit': true}").weights();
    long nested =
        need(LORA, "'quantization': {'load_in_4bit': true, 'bnb_4bit_use_double_quant': true}")
            .weights();
    assertThat(half).isBetween(whole / 2, whole * 6 / 10);
    assertThat(eight).isLessThan(whole);
    assertThat(four).isLessThan(eight);
    assertThat(nested).isLessThan(four);
  }

  @Test
  void aRowKeepsWhatLinearLayersReadAndGiveAndTheProbabilities() {
    int tokens = 64;
    long linear =
        config.linearModules().stream().mapToLong(m -> m.inFeatures() + m.outFeatures()).sum();
    // One block of queries: it sees all keys.
    long probabilities = (long) config.numHiddenLayers() * AttentionShape.of(config).heads() * 64;
    long leftByLayers = 4L * tokens * (linear + probabilities);
    long row = need(LORA, training("'max_length': 64")).row();
    assertThat(row).isBetween(leftByLayers, 3 * leftByLayers);
    long again = need(LORA, training("'max_length': 64, 'gradient_checkpointing': true")).row();
    assertThat(again).isLessThan(row);
    long twice = need(LORA, training("'max_length': 128")).row();
    assertThat(twice).isGreaterThanOrEqualTo(2 * row);
    long dropped =
        need("'peft': {'r': 4, 'lora_dropout': 0.1}", training("'max_length': 64")).row();
    assertThat(dropped).isGreaterThan(row);
  }

  @Test
  void layersBelowTheLowestThatTrainsKeepNothing() {
    String last = "'peft': {'r': 4, 'target_modules': ['q_proj'], 'layers_to_transform': [%d]}";
    int top = config.numHiddenLayers() - 1;
    assertThat(need(last.formatted(top)).row()).isLessThan(need(last.formatted(0)).row());
  }

  /** One long text is many rows. */
  @Test
  void aTextOfPretrainingIsAsManyRowsAsAStepHas() {
    String length = training("'max_length': 64, 'per_device_train_batch_size': 4");
    RowSizes text = new RowSizes(1, 100_000);
    assertThat(of(text, LORA, length, "'objective': 'pretraining'").memory().rows()).isEqualTo(4);
    assertThat(of(text, LORA, length).memory().rows()).isEqualTo(1);
  }

  @Test
  void rowsAreAsWideAsTheLongestAndAsManyAsThereAre() {
    String length = training("'max_length': 128, 'per_device_train_batch_size': 8");
    MemoryNeed unknown = need(LORA, length);
    MemoryNeed known = of(new RowSizes(3, 60), LORA, length).memory();
    assertThat(unknown.rows()).isEqualTo(8);
    assertThat(known.rows()).isEqualTo(3);
    assertThat(known.row()).isLessThan(unknown.row());
    assertThat(of(new RowSizes(3, 1 << 20), LORA, length).memory().row()).isEqualTo(unknown.row());
    String packed =
        training("'max_length': 128, 'per_device_train_batch_size': 8, 'packing': true");
    assertThat(of(new RowSizes(3, 60), LORA, packed).memory().row()).isEqualTo(unknown.row());
  }

  /** What does not train lies on the device, too. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "'peft_type': 'VERA', 'r': 8 | 'peft_type': 'VERA', 'r': 16",
        "'r': 4 | 'r': 4, 'init_lora_weights': 'pissa'",
        "'r': 4 | 'r': 4, 'init_lora_weights': 'olora'",
        "'r': 4 | 'r': 4, 'target_modules': ['q_proj', 'lm_head']",
        "'r': 4 | 'r': 4, 'trainable_token_indices': [3]",
        "'r': 4 | 'peft_type': 'ADALORA', 'init_r': 4, 'target_r': 2, 'total_step': 100"
      })
  void whatAMethodAddsIsCounted(String less, String more) {
    assertThat(need("'peft': {" + more + "}").weights())
        .isGreaterThan(need("'peft': {" + less + "}").weights());
  }

  @Test
  void loftqHasItsWeightsQuantised() {
    String loftq =
        "'peft': {'r': 4, 'init_lora_weights': 'loftq', 'loftq_config': {'loftq_bits': 4}}";
    assertThat(need(loftq).weights()).isLessThan(need(LORA).weights());
    assertThat(need(loftq).work()).isGreaterThan(need(LORA).work());
  }

  @Test
  void autoNeedsTheLeast() {
    String rows = "'per_device_train_batch_size': 8, 'max_length': 64";
    MemoryNeed all = need(LORA, training(rows));
    MemoryNeed auto = need(LORA, training(rows + ", 'gradient_checkpointing': 'auto'"));
    MemoryNeed one =
        need(
            LORA,
            training(
                "'max_length': 64, 'per_device_train_batch_size': 1, 'gradient_checkpointing':"
                    + " true"));
    assertThat(auto.bytes()).isEqualTo(one.bytes()).isEqualTo(all.least().bytes());
    assertThat(auto.bytes()).isLessThan(all.bytes());
  }

  private boolean twice(long memory, String... settings) {
    String adapter = "{" + String.join(", ", settings).replace('\'', '"') + "}";
    TrainingSpec spec =
        TrainingSpec.resolve(JsonMapper.shared().readTree(adapter), null, null, null);
    try (ModelDirectory model = ModelDirectory.open(directory.resolve("base"))) {
      MemoryNeed.FittingPlan plan = MemoryNeed.FittingPlan.of(model, spec, new int[] {64}, 2);
      return plan.turningWeights(ComputePlan.KEEP, memory).turnedWeights();
    }
  }

  @Test
  void weightsLieTwiceWhereAllThatIsKeptLeavesRoomForThem() {
    String rows = training("'per_device_train_batch_size': 8, 'max_length': 64");
    MemoryNeed need = need(LORA, rows);
    long linear =
        config.linearModules().stream()
            .mapToLong(each -> 4L * each.inFeatures() * each.outFeatures())
            .sum();
    assertThat(need.turned()).isEqualTo(linear).isPositive();
    assertThat(twice(1L << 40, LORA, rows)).isTrue();
    assertThat(twice(need.bytes() + linear, LORA, rows)).isTrue();
    assertThat(twice(need.bytes(), LORA, rows)).isFalse();
    String dropout = "'peft': {'r': 4, 'lora_dropout': 0.1}"; // one lane, of all rows
    String more = training("'per_device_train_batch_size': 16, 'max_length': 64");
    assertThat(twice(1L << 40, LORA, more)).isTrue();
    assertThat(twice(1L << 40, dropout, more)).isFalse();
    assertThat(need.onCpu(1L << 40)).isEqualTo(need.bytes() + linear);
    assertThat(need.onCpu(need.bytes())).isEqualTo(need.onCpu(null)).isEqualTo(need.bytes());
    assertThat(need.least().turned()).isZero();
  }

  @Test
  void weightsThatChangeOrAreNoPlainNumbersLieThereOnce() {
    assertThat(need(FULL).turned()).isZero();
    assertThat(need(LORA, training("'bf16': true")).turned()).isZero();
    assertThat(need(LORA, "'quantization': {'load_in_4bit': true}").turned()).isZero();
    String loftq =
        "'peft': {'r': 4, 'init_lora_weights': 'loftq', 'loftq_config': {'loftq_bits': 4},"
            + " 'target_modules': ['q_proj']}";
    assertThat(need(loftq).turned()).isBetween(1L, need(LORA).turned() - 1);
  }

  @Test
  void whatNoLongHoldsIsTheLargest() {
    assertThat(new MemoryNeed(1, 1, Long.MAX_VALUE, 1, 4, 1, 1).bytes()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void rowsOfAFileAreMeasured() throws Exception {
    Path file = directory.resolve("rows.jsonl");
    Files.writeString(file, "{\"text\":\"a\"}\n{\"text\":\"abc\"}\n");
    assertThat(RowSizes.of(file)).isEqualTo(new RowSizes(2, 14));
  }
}
