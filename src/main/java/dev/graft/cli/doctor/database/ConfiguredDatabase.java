package dev.graft.cli.doctor.database;

import dev.graft.cli.doctor.check.Check;
import dev.graft.cli.doctor.check.CheckResult;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

/** The PostgreSQL that {@code spring.datasource.url} names. */
public record ConfiguredDatabase(Environment settings, Clock clock) implements Check {
  private static final String DRIVER = "spring.datasource.hikari.data-source-properties";

  @Override
  public String name() {
    return Database.NAME;
  }

  @Override
  public List<CheckResult> findings() {
    Properties login = new Properties();
    Binder.get(settings)
        .bind(DRIVER, Bindable.mapOf(String.class, String.class))
        .orElse(Map.of())
        .forEach(login::setProperty);
    put(login, "user", "spring.datasource.username");
    put(login, "password", "spring.datasource.password");
    String url = settings.getRequiredProperty("spring.datasource.url");
    return new Database(url, login, clock).findings();
  }

  private void put(Properties login, String name, String setting) {
    String value = settings.getProperty(setting);
    if (value != null) login.setProperty(name, value);
  }
}
