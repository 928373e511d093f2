package dev.graft;

import org.junit.jupiter.api.Test;
import org.springframework.modulith.core.ApplicationModules;

/** The arrows between modules, as their package-info files declare them. */
@Concurrent
class ModularityTests {
  // The entry point calls the commands and the commands start the application: a knot by design.
  static final ApplicationModules MODULES =
      ApplicationModules.of(
          GraftApplication.class,
          location ->
              new ArchitectureTests.MainCode().includes(location)
                  && !location.contains("/GraftApplication.class"));

  @Test
  void modulesKeepToTheArrowsTheyDeclare() {
    MODULES.verify();
  }
}
