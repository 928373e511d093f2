package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The package of {@code engines/ray} by its own tests: golden runs, several processes, types. */
@Tag("ray")
class RayEngineIT {
  @Test
  void itsTestsPass() throws Exception {
    String python = RayEnvironment.python().toString();
    assertThat(RayEnvironment.run(List.of(python, "-m", "pytest", "-q"), RayEnvironment.ENGINE))
        .contains(" passed");
  }

  @Test
  void itsTypesHold() throws Exception {
    String python = RayEnvironment.python().toString();
    assertThat(RayEnvironment.run(List.of(python, "-m", "mypy"), RayEnvironment.ENGINE))
        .contains("no issues found");
  }
}
