package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuantisedTensorsTests {
  @ParameterizedTest
  @ValueSource(strings = {"bnb-tensors", "bnb-midpoints"})
  void everyByteIsThatOfBitsandbytes(String fixture) {
    Path directory = Path.of("src/test/resources/parity", fixture);
    GoldenResult result = GoldenRun.QuantisedTensors.compare(directory);
    assertThat(result.measures()).hasSizeGreaterThan(5).allMatch(GoldenResult.Measure::passed);
  }
}
