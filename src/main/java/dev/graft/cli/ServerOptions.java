package dev.graft.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of commands that work on a server's data directory and database. */
final class ServerOptions {
  /** The places where Spring Boot finds configuration by itself. */
  private static final List<String> CONFIGURATIONS =
      List.of("config", "application.yml", "application.yaml", "application.properties");

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description =
          "Directory for artifacts, work files and, unless one is configured, the database"
              + " (~/.graft).")
  @Nullable Path dataDir;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A Spring Boot configuration file (.yml or .properties), as for serve.")
  @Nullable Path config;

  /** Returns the data directory, if it is known without reading Spring's configuration. */
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

  /** Returns these options as arguments of the Spring application. */
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
