package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.spec.Hyperparameters.LrSchedulerType;
import java.io.IOException;
import java.util.Locale;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Rates by transformers, two steps past the end included. */
class SchedulesTests {
  @Test
  void ratesAreThoseOfTransformers() throws IOException {
    try (var in = SchedulesTests.class.getResourceAsStream("schedules-small.json")) {
      JsonNode golden = new JsonMapper().readTree(Objects.requireNonNull(in));
      double base = golden.get("base_lr").doubleValue();
      for (JsonNode each : golden.get("schedules")) {
        var type = LrSchedulerType.valueOf(each.get("type").stringValue().toUpperCase(Locale.ROOT));
        for (int step = 0; step < each.get("lrs").size(); step++) {
          double rate =
              base
                  * Schedules.multiplier(
                      type,
                      step,
                      each.get("warmup_steps").longValue(),
                      each.get("steps").longValue());
          assertThat(rate)
              .as("%s, step %d", each, step)
              .isCloseTo(each.get("lrs").get(step).doubleValue(), within(1e-12));
        }
      }
    }
  }
}
