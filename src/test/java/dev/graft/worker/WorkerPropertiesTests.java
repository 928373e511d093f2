package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.artifacts.BlobCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class WorkerPropertiesTests {
  private static final long GB = 1L << 30;

  private static BlobCache.Bounds copies(long disk, Map<String, String> set) {
    return bound(set).copies(disk);
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

  @Test
  void trainersShareTheCores() {
    assertThat(bound(Map.of()).trainerThreads(8, 1)).as("all there are").isNull();
    assertThat(bound(Map.of()).trainerThreads(8, 2)).isEqualTo(4);
    assertThat(bound(Map.of()).trainerThreads(7, 3)).isEqualTo(2);
    assertThat(bound(Map.of()).trainerThreads(2, 3)).isEqualTo(1);
    assertThat(bound(Map.of("graft.worker.threads", "6")).trainerThreads(8, 2)).isEqualTo(6);
  }

  @Test
  void withoutDevicesTheyAreFound() {
    assertThat(bound(Map.of()).devices()).isEmpty();
    assertThat(bound(Map.of("graft.worker.devices", "")).devices()).isEmpty();
    assertThat(bound(Map.of("graft.worker.devices", "cuda:0,cuda:1")).devices())
        .containsExactly("cuda:0", "cuda:1");
  }

  private static WorkerProperties bound(Map<String, String> set) {
    Map<String, String> all = new HashMap<>(set);
    all.put("graft.worker.directory", "worker");
    return new Binder(new MapConfigurationPropertySource(all))
        .bind("graft.worker", WorkerProperties.class)
        .get();
  }

  @Test
  void whatStopsAWorkerWaitsLongerThanItsGrace() throws IOException {
    String chart = Files.readString(Path.of("helm/graft/values.yaml"));
    String compose = Files.readString(Path.of("docker-compose.yml"));
    Duration grace =
        new Binder(new MapConfigurationPropertySource(Map.of("graft.worker.directory", "worker")))
            .bind("graft.worker", WorkerProperties.class)
            .get()
            .drainGrace();
    String ofChart = "drainGraceSeconds: (\\d+)";
    assertThat(Duration.ofSeconds(number(chart, ofChart))).isEqualTo(grace);
    assertThat(
            Duration.ofSeconds(
                number(chart, ofChart + "\\s+terminationGracePeriodSeconds: (\\d+)", 2)))
        .isGreaterThan(grace);
    assertThat(Duration.ofMinutes(number(compose, "is stopped\"\\.\\s+stop_grace_period: (\\d+)m")))
        .isGreaterThan(grace);
    assertThatThrownBy(() -> copies(GB, Map.of("graft.worker.drain-grace", "-1s")))
        .hasStackTraceContaining("graft.worker.drain-grace");
  }

  private static long number(String text, String pattern) {
    return number(text, pattern, 1);
  }

  private static long number(String text, String pattern, int group) {
    Matcher found = Pattern.compile(pattern).matcher(text);
    assertThat(found.find()).isTrue();
    return Long.parseLong(found.group(group));
  }
}
