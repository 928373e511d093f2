package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.spec.Combinations.Refusal;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class CombinationsTests {
  @Test
  void theDocumentShowsTheTableOfTheCode() throws IOException {
    List<String> rows =
        Files.readAllLines(Path.of("docs/methods.md")).stream()
            .filter(line -> line.matches("\\| .* \\| `adapter[^`]*` \\| .* \\|"))
            .toList();
    assertThat(rows)
        .containsExactlyElementsOf(
            Combinations.REFUSALS.stream().map(CombinationsTests::row).toList());
  }

  @ParameterizedTest
  @CsvSource({"full, full training", "freeze, freeze"})
  void quantisedWeightsDoNotTrain(String type, String named) {
    JsonNode adapter =
        new JsonMapper()
            .readTree(
                """
                {"method": {"type": "%s"}, "quantization": {"load_in_4bit": true}}
                """
                    .formatted(type));
    assertThatExceptionOfType(SpecRejected.class)
        .isThrownBy(() -> TrainingSpec.resolve(adapter, null, null, null))
        .withMessageContaining("adapter.quantization: cannot be combined with " + named);
  }

  private static String row(Refusal refusal) {
    return "| %s | %s | `%s` | %s |"
        .formatted(refusal.first(), refusal.second(), refusal.path(), refusal.reason());
  }
}
