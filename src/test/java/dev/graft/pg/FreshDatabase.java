package dev.graft.pg;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;

/** Gives a context a database and a data directory of its own. */
public final class FreshDatabase
    implements ApplicationContextInitializer<ConfigurableApplicationContext> {
  @Override
  public void initialize(ConfigurableApplicationContext context) {
    TestPostgres.Address database = TestPostgres.migrated();
    TestPropertyValues.of(
            "spring.datasource.url=" + database.url(),
            "spring.datasource.username=" + database.user(),
            "spring.datasource.password=" + database.password(),
            "spring.datasource.hikari.maximum-pool-size=10",
            "spring.datasource.hikari.minimum-idle=1",
            "graft.data-dir=" + dataDirectory())
        .applyTo(context);
    TestPostgres.closeAtEnd(context);
  }

  private static Path dataDirectory() {
    try {
      Path target = Files.createDirectories(Path.of("target", "test-data"));
      return Files.createTempDirectory(target, "graft-").toAbsolutePath();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
