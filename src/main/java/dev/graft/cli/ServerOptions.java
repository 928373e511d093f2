package dev.graft.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a server keeps its things: the options of every command that works on one. */
final class ServerOptions {
  /** Where Spring Boot looks for configuration that nobody names. */
  private static final List<String> CONFIGURATIONS =
      List.of("config", "application.yml", "application.yaml", "application.properties");

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "Database (if none is configured), artifacts and work files (~/.graft).")
  @Nullable Path dataDir;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A Spring Boot configuration file (.yml or .properties), as for serve.")
  @Nullable Path config;

  /** The data directory, where it is known without reading Spring's configuration. */
  Optional<Path> knownDataDir(Map<String, String> environment) {
    if (dataDir != null) return Optional.of(dataDir);
    String set = environment.get("GRAFT_DATA_DIR");
    if (set != null) return Optional.of(Path.of(set));
    boolean configured =
        config != null
            || environment.keySet().stream().anyMatch(each -> each.startsWith("SPRING_"))
            || CONFIGURATIONS.stream().anyMatch(each -> Files.exists(Path.of(each)));
    return configured
        ? Optional.empty()
        : Optional.of(Path.of(System.getProperty("user.home"), ".graft"));
  }

  /** As arguments of the Spring application. */
  public List<String> arguments() {
    List<String> arguments = new ArrayList<>();
    if (dataDir != null) {
      arguments.add("--graft.data-dir=" + dataDir.toAbsolutePath());
    }
    if (config != null) {
      arguments.add("--spring.config.additional-location=file:" + config.toAbsolutePath());
    }
    return arguments;
  }
}
