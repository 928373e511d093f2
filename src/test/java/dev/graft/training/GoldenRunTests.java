package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.model.ComputePlan;
import dev.graft.model.ComputePlan.ActivationBudget;
import dev.graft.model.Execution;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Concurrent
public class GoldenRunTests {
  private static final Path CASES = Path.of("src/test/resources/parity");

  private static final List<String> NAMES =
      List.of(
          "accumulation-empty-micro-batch",
          "bf16-base",
          "dpo",
          "full-tied",
          "lora-llama",
          "lora-llama31-v4",
          "orpo",
          "p-tuning",
          "p-tuning-lstm",
          "prefix-tuning-projection",
          "prompt-tuning",
          "qlora-nf4-double");

  private static final List<String> OTHERS =
      List.of(
          "adalora",
          "continued-dora",
          "continued-pissa",
          "freeze-last-layer",
          "full-bert-cls",
          "houlsby-bert",
          "ia3-bert",
          "ia3-gpt2",
          "ln-tuning-gpt2",
          "parallel-llama",
          "vera",
          "lora-distilbert-cls",
          "lora-gpt-neox",
          "lora-gpt2",
          "lora-llama-cls",
          "lora-roberta-cls");

  /** What {@code LoraConfig} can say beyond the paper's method. */
  private static final List<String> LORA =
      List.of(
          "dora-embedding",
          "dora-gpt2",
          "dora-qwen2-bias",
          "dpo-bias-lora-only",
          "eva-dora",
          "eva-gpt2",
          "eva-llama",
          "lora-bias-all",
          "lora-bias-of-b",
          "lora-embedding",
          "lora-embedding-only",
          "lora-lm-head",
          "loftq-4-5",
          "loftq-8-2",
          "loraplus",
          "olora-patterns",
          "pissa",
          "shared-prompt-orpo",
          "shared-tree-full",
          "shared-tree-gemma3",
          "shared-tree-gpt2",
          "shared-tree-llama",
          "tied-embed-saved",
          "tied-head-saved-ln",
          "trainable-tokens-tied",
          "trainable-tokens-two");

  /** A row at a time, with every layer computed again; more layers than any of the models has. */
  private static final ComputePlan LEAST =
      new ComputePlan(ComputePlan.Kind.KEEP, 5, 7, 4, 1)
          .within(
              new ActivationBudget(0, LongStream.generate(() -> 1).limit(16).toArray(), 1, 1, 4));

  /** Every case of the repository under every plan. */
  public static Stream<Arguments> runs() {
    List<Arguments> runs = new ArrayList<>();
    for (String name : Stream.concat(OTHERS.stream(), LORA.stream()).toList()) {
      runs.add(Arguments.of(name, LEAST));
      for (ComputePlan.Kind kind : ComputePlan.Kind.values())
        runs.add(Arguments.of(name, small(kind)));
    }
    for (String name : NAMES) {
      runs.add(Arguments.of(name, LEAST));
      for (ComputePlan.Kind kind : ComputePlan.Kind.values()) {
        ComputePlan whole = new ComputePlan(kind);
        boolean again = kind == ComputePlan.Kind.RECOMPUTE;
        runs.add(
            Arguments.of(name, again ? whole.attending(ComputePlan.Attention.EFFICIENT) : whole));
        runs.add(Arguments.of(name, small(kind)));
      }
    }
    return runs.stream();
  }

  /** In lanes; what is computed again, by GPUs' attention. */
  private static ComputePlan small(ComputePlan.Kind kind) {
    ComputePlan small = new ComputePlan(kind, 5, 7, 4, 1).inLanes(1);
    return kind == ComputePlan.Kind.RECOMPUTE
        ? small.attending(ComputePlan.Attention.FLASH)
        : small;
  }

  @ParameterizedTest
  @MethodSource("runs")
  void everyPlanRepeatsTheReferenceStepByStep(String name, ComputePlan plan) {
    GoldenResult result = GoldenRun.run(CASES.resolve(name), plan);
    assertThat(result.skipped()).isNull();
    assertThat(result.measures()).isNotEmpty().allMatch(GoldenResult.Measure::passed);
  }

  @Test
  void theConfigurationSaysWhichRanksAreLeft(@TempDir Path out) {
    GoldenRun.run(CASES.resolve("adalora"), Execution.CPU, ComputePlan.KEEP, out);
    JsonMapper json = new JsonMapper();
    JsonNode expected = json.readTree(CASES.resolve("adalora/final/adapter_config.json"));
    assertThat(expected.path("rank_pattern").size()).isEqualTo(8);
    assertThat(json.readTree(out.resolve("adapter_config.json")).path("rank_pattern"))
        .isEqualTo(expected.path("rank_pattern"));
  }
}
