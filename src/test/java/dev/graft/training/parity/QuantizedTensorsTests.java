package dev.graft.training.parity;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class QuantizedTensorsTests {
  @Test
  void everyByteIsThatOfBitsandbytes() {
    Path directory = Path.of("src/test/resources/parity/bnb-tensors");
    GoldenResult result = QuantizedTensors.compare(directory);
    assertThat(result.measures()).hasSize(9).allMatch(GoldenResult.Measure::passed);
  }
}
