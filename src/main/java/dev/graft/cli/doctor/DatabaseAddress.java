package dev.graft.cli.doctor;

import dev.graft.platform.database.EmbeddedPostgres;
import dev.graft.platform.database.EmbeddedState;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

/**
 * The address and login of the database of a Graft on this machine.
 *
 * @param login the driver's properties, including user and password
 */
public record DatabaseAddress(String url, Properties login) {
  private static final String DRIVER = "spring.datasource.hikari.data-source-properties";

  /** Returns the address; empty if the database is embedded and not running. */
  public static Optional<DatabaseAddress> of(Environment settings, Path dataDir) {
    if (settings.containsProperty("spring.datasource.url")) {
      return Optional.of(configured(settings));
    }
    return EmbeddedState.of(dataDir) instanceof EmbeddedState.Running running
        ? Optional.of(of(running.postgres()))
        : Optional.empty();
  }

  /** Returns the address of {@code spring.datasource.url}. */
  static DatabaseAddress configured(Environment settings) {
    Properties login = new Properties();
    Binder.get(settings)
        .bind(DRIVER, Bindable.mapOf(String.class, String.class))
        .orElse(Map.of())
        .forEach(login::setProperty);
    put(settings, login, "user", "spring.datasource.username");
    put(settings, login, "password", "spring.datasource.password");
    return new DatabaseAddress(settings.getRequiredProperty("spring.datasource.url"), login);
  }

  static DatabaseAddress of(EmbeddedPostgres postgres) {
    Properties login = new Properties();
    login.setProperty("user", postgres.user());
    login.setProperty("password", postgres.password());
    return new DatabaseAddress(postgres.url("postgres"), login);
  }

  private static void put(Environment settings, Properties login, String name, String setting) {
    String value = settings.getProperty(setting);
    if (value != null) login.setProperty(name, value);
  }
}
