package dev.graft;

import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;
import org.springframework.modulith.core.ApplicationModules;

/** The arrows between modules, as their package-info files declare them. */
@Concurrent
class ModularityTests {
  @Test
  void modulesKeepToTheArrowsTheyDeclare() {
    // The entry point calls the commands and the commands start the application: a knot by design.
    ImportOption withoutEntryPoint = location -> !location.contains("/GraftApplication.class");
    ApplicationModules.of(
            GraftApplication.class,
            location ->
                new ArchitectureTests.MainCode().includes(location)
                    && withoutEntryPoint.includes(location))
        .verify();
  }
}
