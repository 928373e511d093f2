package dev.graft.cli.doctor;

import dev.graft.artifacts.S3Properties;
import dev.graft.platform.Children.ChildrenProperties;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.bootstrap.DefaultBootstrapContext;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.env.DefaultPropertiesPropertySource;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.env.SimpleCommandLinePropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.DefaultResourceLoader;

/**
 * The settings of Graft on this machine, as {@code serve} would read them.
 *
 * @param profiles {@code server}, {@code worker} or both
 * @param askedServer the server to check, if one was specified
 */
public record Installation(
    ConfigurableEnvironment settings, Set<String> profiles, @Nullable String askedServer) {
  public Installation {
    profiles = Set.copyOf(profiles);
  }

  /**
   * Reads configuration files, environment and arguments, without starting an application.
   *
   * @param arguments arguments of the Spring application
   * @param defaults settings with the lowest precedence
   */
  public static Installation read(
      List<String> arguments,
      Map<String, Object> defaults,
      String[] profiles,
      @Nullable String askedServer) {
    ConfigurableEnvironment environment = new StandardEnvironment();
    var sources = environment.getPropertySources();
    sources.addFirst(new SimpleCommandLinePropertySource(arguments.toArray(String[]::new)));
    DefaultPropertiesPropertySource.addOrMerge(defaults, sources);
    ConfigurationPropertySources.attach(environment);
    ConfigDataEnvironmentPostProcessor.applyTo(
        environment, new DefaultResourceLoader(), new DefaultBootstrapContext(), profiles);
    ConfigurationPropertySources.attach(environment);
    return new Installation(environment, Set.of(profiles), askedServer);
  }

  /**
   * Returns {@code http} or {@code https} for the connector {@code server} or {@code
   * management.server}.
   */
  public static String scheme(Environment settings, String connector) {
    return Stream.of("bundle", "certificate", "key-store")
            .anyMatch(each -> settings.containsProperty(connector + ".ssl." + each))
        ? "https"
        : "http";
  }

  public Path dataDir() {
    return Path.of(settings.getRequiredProperty("graft.data-dir")).toAbsolutePath();
  }

  /** Returns the configured devices. */
  List<String> devices() {
    return Binder.get(settings)
        .bind("graft.worker.devices", Bindable.listOf(String.class))
        .orElse(List.of());
  }

  ChildrenProperties children() {
    return Binder.get(settings).bindOrCreate("graft.children", ChildrenProperties.class);
  }

  /** Returns the bucket of the artifacts, if they are stored in one. */
  Optional<S3Properties> bucket() {
    return Optional.of(Binder.get(settings).bindOrCreate("graft.artifacts.s3", S3Properties.class))
        .filter(S3Properties::enabled);
  }

  public boolean isServer() {
    return profiles.contains("server");
  }

  boolean isWorker() {
    return profiles.contains("worker");
  }

  boolean isWorkerAlone() {
    return !isServer();
  }

  boolean hasDatabase() {
    return settings.containsProperty("spring.datasource.url");
  }
}
