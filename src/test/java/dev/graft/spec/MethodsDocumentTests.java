package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

class MethodsDocumentTests {
  private static final Path DOCUMENT = Path.of("docs/methods.md");

  /** Lines that are an {@code adapter} object. */
  static Stream<String> examples() throws IOException {
    return Files.readAllLines(DOCUMENT).stream()
        .filter(line -> line.startsWith("    {"))
        .map(String::strip);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void everyExampleIsAcceptedAndEchoed(String example) {
    TrainingSpec spec = AdapterSpecs.resolve(new JsonMapper().readTree(example), null, null, null);
    assertThat(AdapterSpecs.resolve(AdapterSpecs.toJson(spec), null, null, null)).isEqualTo(spec);
  }
}
