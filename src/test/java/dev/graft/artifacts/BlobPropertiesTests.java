package dev.graft.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BlobPropertiesTests {
  @Test
  void blobsAreKeptForAnHourAtLeast() {
    Duration hour = Duration.ofHours(1);
    assertThat(new BlobProperties(hour).keepUnreferenced()).isEqualTo(hour);
    assertThatThrownBy(() -> new BlobProperties(hour.minusSeconds(1)))
        .hasMessageContaining("graft.artifacts.keep-unreferenced");
  }
}
