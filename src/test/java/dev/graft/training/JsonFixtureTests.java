package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Results of transformers and TRL for a small tokenizer of our own. */
class JsonFixtureTests {
  private static final Path RESOURCES = Path.of("src/test/resources");

  @ParameterizedTest
  @EnumSource
  void everyCaseIsThatOfTheReference(JsonFixture fixture) {
    GoldenResult result = fixture.run(RESOURCES.resolve("parity"), RESOURCES.resolve("models"));
    assertThat(result.skipped()).isNull();
    assertThat(result.measures()).isNotEmpty().allMatch(GoldenResult.Measure::passed);
  }
}
