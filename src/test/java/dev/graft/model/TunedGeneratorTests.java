package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.spec.AdaLora;
import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Bottleneck.InitWeights;
import dev.graft.spec.Bottleneck.NonLinearity;
import dev.graft.spec.Bottleneck.Variant;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraExtras;
import dev.graft.spec.Lora.LoraPatterns;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.spec.Lora.TokenIndices;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.spec.Quantization.NamedQuantization;
import dev.graft.spec.Targets;
import dev.graft.spec.Vera;
import dev.graft.training.WrittenResults;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.node.ObjectNode;

/** Results of every method over a key-value cache, against the model that trained them. */
@Concurrent
class TunedGeneratorTests {
  private static final int[] PROMPT = {3, 1, 4, 1, 5};
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 1);

  @TempDir Path temp;
  private Path base;

  @BeforeEach
  void write() throws IOException {
    ObjectNode config = TinyModels.config();
    config.put("max_position_embeddings", 64).put("vocab_size", 61);
    base = TinyModels.write(temp.resolve("base"), config);
  }

  static Stream<AdapterMethod> methods() {
    Lora lora = new Lora(2, 3, 0, new TargetModules.AllLinear());
    LoraPatterns patterns =
        new LoraPatterns(
            new TreeMap<>(Map.of("q_proj", 1)), new TreeMap<>(Map.of("mlp.up_proj", 5.0)));
    return Stream.of(
        new Ia3(),
        new LnTuning(),
        new Bottleneck(
            Variant.HOULSBY, 4, NonLinearity.GELU, 1, InitWeights.BERT, 0.3, List.of("lm_head")),
        new Bottleneck(Variant.PARALLEL),
        adaLora(),
        vera(true),
        vera(false),
        lora,
        lora.as(new LoraVariant(true, false, true, Bias.ALL)),
        lora.startingAs(new LoraInit.Pissa(0)),
        lora.startingAs(new LoraInit.Pissa(3)).as(new LoraVariant(true, false, false, Bias.ALL)),
        lora.startingAs(new LoraInit.Olora()),
        lora.startingAs(new LoraInit.Orthogonal()),
        lora.startingAs(new LoraInit.Loftq(4, 3)),
        lora.startingAs(new LoraInit.Loftq(8, 1)),
        lora.startingAs(new LoraInit.Eva(2, 0.99, true, -100, false, true)),
        new Lora(2, 3, 0, new TargetModules.Names(List.of("embed_tokens", "q_proj"))),
        new Lora(2, 3, 0, new TargetModules.Names(List.of("embed_tokens", "q_proj")))
            .startingAs(new LoraInit.Olora()),
        new Lora(2, 3, 0, new TargetModules.Names(List.of("model.embed_tokens")))
            .as(new LoraVariant(false, true, false, Bias.NONE)),
        new Lora(2, 3, 0.1, new TargetModules.Names(List.of("lm_head", "q_proj"))),
        new Lora(
            2,
            3,
            0,
            lora.targets(),
            lora.initLoraWeights(),
            LoraVariant.PLAIN,
            LoraPatterns.NONE,
            new LoraExtras(List.of(), new TokenIndices(List.of(3, 1, 60)))),
        new Lora(
            2,
            3,
            0,
            lora.targets(),
            lora.initLoraWeights(),
            LoraVariant.PLAIN,
            LoraPatterns.NONE,
            new LoraExtras(List.of("embed_tokens"), TokenIndices.NONE)),
        lora.as(new LoraVariant(true, true, false, Bias.LORA_ONLY)),
        new Lora(2, 3, 0.5, new TargetModules.AllLinear())
            .as(new LoraVariant(false, true, false, Bias.NONE)),
        new Lora(
            2,
            3,
            0,
            lora.targets(),
            lora.initLoraWeights(),
            LoraVariant.PLAIN,
            patterns,
            new LoraExtras(List.of("lm_head", "o_proj"), TokenIndices.NONE)));
  }

  /** Four steps take away half of the ranks, of some modules all. */
  private static AdaLora adaLora() {
    RankAllocation ranks = new RankAllocation(2, 1, 1, 1, 1, 4, 0.85, 0.85, 0.5);
    Targets targets = new Targets(new TargetModules.AllLinear());
    return new AdaLora(ranks, 8, 8, 0.1, targets, true, Bias.NONE, new TreeMap<>(), List.of());
  }

  private static Vera vera(boolean saveProjection) {
    Targets targets = new Targets(new TargetModules.AllLinear());
    return new Vera(4, targets, 0.1, 0.1, true, Bias.NONE, 3, saveProjection, List.of());
  }

  @ParameterizedTest
  @MethodSource("methods")
  void theCacheGivesWhatTheTrainedModelGives(AdapterMethod method) {
    Path adapter = temp.resolve("adapter");
    int[] expected = train(method, adapter);
    try (Generator generator = Generators.load(base, 1)) {
      int[] bare = Greedy.continued(generator, PROMPT, 20);
      generator.adapter(adapter);
      assertThat(Greedy.continued(generator, PROMPT, 20))
          .containsExactly(expected)
          .isNotEqualTo(bare);
      generator.adapter(null);
      assertThat(Greedy.continued(generator, PROMPT, 20)).containsExactly(bare);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anAdapterOfARoundedBaseAnswersOnThatBase(NamedQuantization rounded) {
    Path adapter = temp.resolve("adapter");
    Quantization how = rounded.quantization();
    AdapterMethod method = new Lora(4, 8, 0.1, new TargetModules.AllLinear());
    float[] expected;
    try (ModelDirectory model = ModelDirectory.open(base);
        TrainableModel trained = train(model, method, how, adapter)) {
      expected = trained.logits(new int[][] {PROMPT})[0][PROMPT.length - 1];
    }
    assertThat(logits(how, adapter)).containsExactly(expected, within(1e-5f));
    assertThat(logits(null, adapter)[0]).isNotCloseTo(expected[0], within(1e-4f));
  }

  /** Rows of a table with factors are in f32, and so is all that follows; the cache is not. */
  @Test
  void factorsOfTheTableAnswerInHalfPrecision() {
    Path adapter = temp.resolve("adapter");
    AdapterMethod method =
        new Lora(2, 3, 0, new TargetModules.Names(List.of("embed_tokens", "q_proj")));
    var execution = new Execution(Execution.CPU, Precision.BF16, ComputePlan.KEEP, 1);
    float[] expected;
    try (ModelDirectory model = ModelDirectory.open(base);
        TrainableModel trained =
            TrainableModel.load(model, new TrainingSetup(method, ADAMW, execution, 7))) {
      trained.accumulate(
          new MicroBatch.TokenBatch(new int[][] {PROMPT}, new int[][] {PROMPT}), 4, 0);
      trained.update(0.3);
      WrittenResults.write(adapter, model, method, trained);
      expected = trained.logits(new int[][] {PROMPT})[0][PROMPT.length - 1];
    }
    try (Generator generator = Generators.load(base, null, null, execution)) {
      generator.adapter(adapter);
      try (Generator.Text text = generator.read(PROMPT)) {
        assertThat(text.logits()).containsExactly(expected, within(0.1f));
      }
    }
  }

  private float[] logits(@Nullable Quantization how, Path adapter) {
    try (Generator generator =
        Generators.load(base, null, how, Execution.cpu(Precision.F32, ComputePlan.KEEP))) {
      generator.adapter(adapter);
      try (Generator.Text text = generator.read(PROMPT)) {
        return text.logits().clone();
      }
    }
  }

  private int[] train(AdapterMethod method, Path adapter) {
    try (ModelDirectory model = ModelDirectory.open(base);
        TrainableModel trained = train(model, method, null, adapter)) {
      return greedy(trained, 20);
    }
  }

  /** A few large steps; writes the result. */
  private static TrainableModel train(
      ModelDirectory model,
      AdapterMethod method,
      @Nullable Quantization quantization,
      Path adapter) {
    int[][] rows = {{3, 1, 4, 1, 5, 9, 2, 6}};
    TrainingSetup recipe =
        new TrainingSetup(
            method,
            ADAMW,
            Execution.cpu(Precision.F32, ComputePlan.KEEP),
            7,
            quantization,
            Regularisation.NONE,
            null,
            false);
    TrainableModel trained = TrainableModel.load(model, recipe);
    for (int step = 0; step < 4; step++) {
      trained.accumulate(new MicroBatch.TokenBatch(rows, rows), 7, 0);
      trained.update(0.3);
    }
    WrittenResults.write(adapter, model, method, trained);
    return trained;
  }

  private static int[] greedy(TrainableModel model, int count) {
    List<Integer> ids = new ArrayList<>(Arrays.stream(PROMPT).boxed().toList());
    for (int i = 0; i < count; i++) {
      int[] row = ids.stream().mapToInt(Integer::intValue).toArray();
      float[] logits = model.logits(new int[][] {row})[0][row.length - 1];
      int best = 0;
      for (int v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
      ids.add(best);
    }
    return ids.stream().skip(PROMPT.length).mapToInt(Integer::intValue).toArray();
  }

  @Test
  void whatTheConfigurationDoesNotAnnounceIsRefused() throws IOException {
    Path adapter = temp.resolve("adapter");
    train(new Ia3(), adapter);
    Path config = adapter.resolve("adapter_config.json");
    String written = Files.readString(config);
    refuses(adapter, written.replace("k_proj", "q_proj"), "k_proj.ia3_l is unexpected");
    refuses(adapter, written.replace("\"v_proj\"", "\"v_proj\", \"q_proj\""), "is missing");
    refuses(
        adapter,
        written.replace(
            "\"feedforward_modules\": [\n    \"down_proj\"", "\"feedforward_modules\": ["),
        "has shape [1, 12], but the base needs [8, 1]");
    refuses(adapter, written.replace("IA3", "LOHA"), "peft_type: must be one of");
  }

  private void refuses(Path adapter, String config, String message) throws IOException {
    Files.writeString(adapter.resolve("adapter_config.json"), config);
    try (Generator generator = Generators.load(base, 1)) {
      assertThatThrownBy(() -> generator.adapter(adapter))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
    }
  }
}
