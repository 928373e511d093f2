package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethods;
import dev.graft.spec.Ia3;
import dev.graft.spec.Targets;
import dev.graft.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Configurations against those that PEFT saved of the golden runs. */
class AdapterConfigTests {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Path CASES = Path.of("src/test/resources/parity");

  /** Not PEFT's: their files are described by the fixtures alone. */
  private static final List<String> BOTTLENECKS = List.of("houlsby-bert", "parallel-llama");

  static Stream<Path> cases() throws IOException {
    try (Stream<Path> all = Files.list(CASES)) {
      return all
          .filter(each -> Files.exists(each.resolve("init/adapter_config.json")))
          .filter(each -> !BOTTLENECKS.contains(each.getFileName().toString()))
          .sorted()
          .toList()
          .stream();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyFieldIsWhatPeftSaves(Path golden) {
    ObjectNode expected = (ObjectNode) JSON.readTree(golden.resolve("init/adapter_config.json"));
    Path model = CASES.resolve(expected.path("base_model_name_or_path").stringValue());
    try (ModelDirectory base = ModelDirectory.open(model)) {
      String written =
          AdapterConfigFile.json(
              AdapterMethods.fromPeft(expected),
              base,
              expected.path("base_model_name_or_path").stringValue(),
              Map.of());
      // PEFT appends the heads of a classification once more where the user named them.
      if (expected.path("modules_to_save") instanceof ArrayNode names) {
        ArrayNode once = JSON.createArrayNode();
        names.valueStream().map(JsonNode::stringValue).distinct().forEach(once::add);
        expected.set("modules_to_save", once);
      }
      // A set to PEFT, which writes it in any order.
      if (expected.path("target_modules") instanceof ArrayNode names) {
        ArrayNode sorted = JSON.createArrayNode();
        names.valueStream().map(JsonNode::stringValue).sorted().forEach(sorted::add);
        expected.set("target_modules", sorted);
      }
      ObjectNode actual = (ObjectNode) JSON.readTree(written);
      assertThat(numbers(actual.remove("alpha_pattern")))
          .isEqualTo(numbers(expected.remove("alpha_pattern")));
      assertThat(actual).isEqualTo(expected);
    }
  }

  /** PEFT writes 4.0 where it has computed an alpha, and 4 where it was told one. */
  private static Map<String, Double> numbers(@Nullable JsonNode pattern) {
    if (pattern == null) return Map.of();
    return pattern.properties().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, each -> each.getValue().doubleValue()));
  }

  @ParameterizedTest
  @CsvSource({"houlsby-bert, bert", "parallel-llama, llama"})
  void bottleneckAdaptersSayWhatTheFixturesSayAndWhatTheyFit(String golden, String model) {
    ObjectNode expected =
        (ObjectNode) JSON.readTree(CASES.resolve(golden).resolve("init/adapter_config.json"));
    try (ModelDirectory base = ModelDirectory.open(CASES.resolve("models").resolve(model))) {
      AdapterMethod method = AdapterMethods.fromSaved(expected);
      String written = AdapterConfigFile.json(method, base, model, Map.of());
      expected.put("base_model_name_or_path", model).put("init_weights", "bert");
      expected.put("task_type", model.equals("bert") ? "SEQ_CLS" : "CAUSAL_LM");
      assertThat(JSON.readTree(written)).isEqualTo(expected);
      assertThat(AdapterMethods.fromSaved(JSON.readTree(written))).isEqualTo(method);
    }
  }

  /** PEFT refuses to load a list that is not part of the list of targets. */
  @Test
  void feedforwardModulesBecomeAnExpressionWhereTargetsAreWholePaths() {
    Ia3 method =
        new Ia3(
            new Targets(new TargetModules.AllLinear()),
            new TargetModules.Names(List.of("mlp.down_proj")),
            true,
            List.of());
    try (ModelDirectory base = ModelDirectory.open(CASES.resolve("models/llama"))) {
      JsonNode written = JSON.readTree(AdapterConfigFile.json(method, base, "base", Map.of()));
      assertThat(written.path("feedforward_modules").stringValue())
          .isEqualTo(".*(?:mlp\\.down_proj)");
    }
  }
}
