package dev.graft;

import org.junit.jupiter.api.Test;
import org.springframework.modulith.core.ApplicationModules;

/** The arrows between modules, as their package-info files declare them. */
class ModularityTests {
  @Test
  void modulesKeepToTheArrowsTheyDeclare() {
    ApplicationModules.of(GraftApplication.class, new ArchitectureTests.MainCode()).verify();
  }
}
