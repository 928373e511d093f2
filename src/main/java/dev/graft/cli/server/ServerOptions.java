package dev.graft.cli.server;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a server keeps its things: the options of every command that works on one. */
public final class ServerOptions {
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
