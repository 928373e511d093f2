package dev.graft.platform;

import java.util.Map;
import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.env.DefaultPropertiesPropertySource;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/**
 * Defaults for a separate {@code management.server.port}: it serves health and metrics, and only to
 * this machine.
 */
final class ManagementPort implements EnvironmentPostProcessor, Ordered {
  private static final Map<String, Object> WEAKEST =
      Map.of(
          "management.server.address", "127.0.0.1",
          "management.endpoints.web.exposure.include", "health,prometheus");

  @Override
  public void postProcessEnvironment(
      ConfigurableEnvironment environment, SpringApplication application) {
    if (isSeparate(environment)) {
      DefaultPropertiesPropertySource.addOrMerge(WEAKEST, environment.getPropertySources());
    }
  }

  private static boolean isSeparate(Environment environment) {
    Integer port = environment.getProperty("management.server.port", Integer.class);
    if (port == null || port < 0) return false;
    return port == 0 || !port.equals(environment.getProperty("server.port", Integer.class, 8080));
  }

  /** Runs after the configuration files have been read. */
  @Override
  public int getOrder() {
    return Ordered.LOWEST_PRECEDENCE;
  }
}
