package dev.graft.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

class MethodsDocumentTests {
  private static final Path DOCUMENT = Path.of("docs/methods.md");

  /** Indented lines, an {@code adapter} object from each that begins one. */
  static Stream<String> examples() throws IOException {
    String text = Files.readString(DOCUMENT);
    return Pattern.compile("^    \\{.*(?:\\n     .*)*", Pattern.MULTILINE)
        .matcher(text)
        .results()
        .map(MatchResult::group);
  }

  @ParameterizedTest
  @MethodSource("examples")
  void everyExampleIsAcceptedAndEchoed(String example) {
    TrainingSpec spec = AdapterSpecs.resolve(new JsonMapper().readTree(example), null, null, null);
    assertThat(AdapterSpecs.resolve(AdapterSpecs.toJson(spec), null, null, null)).isEqualTo(spec);
  }
}
