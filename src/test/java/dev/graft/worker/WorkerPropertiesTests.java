package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.artifacts.cache.BlobCache;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class WorkerPropertiesTests {
  private static final long GB = 1L << 30;

  private static BlobCache.Bounds copies(long disk, Map<String, String> set) {
    Map<String, String> all = new HashMap<>(set);
    all.put("graft.worker.directory", "worker");
    return new Binder(new MapConfigurationPropertySource(all))
        .bind("graft.worker", WorkerProperties.class)
        .get()
        .copies(disk);
  }

  @Test
  void copiesTakeThreeQuartersOfTheDiskAndLeaveSomeFree() {
    assertThat(copies(20 * GB, Map.of())).isEqualTo(new BlobCache.Bounds(15 * GB, GB));
    assertThat(copies(1_000 * GB, Map.of())).isEqualTo(new BlobCache.Bounds(750 * GB, 10 * GB));
  }

  @Test
  void bothAreSettings() {
    Map<String, String> set =
        Map.of("graft.worker.cache-size", "200GB", "graft.worker.keep-free", "0B");
    assertThat(copies(20 * GB, set)).isEqualTo(new BlobCache.Bounds(200 * GB, 0));
    for (String name : set.keySet()) {
      assertThatThrownBy(() -> copies(GB, Map.of(name, "-1B"))).hasStackTraceContaining(name);
    }
  }
}
