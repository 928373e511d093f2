package dev.graft.cli.server;

import dev.graft.client.GraftApi;
import dev.graft.tenancy.Caller.Scope;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.keys.ApiKeys;
import dev.graft.workers.JoinTokens;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * A server's start, a key, a token and a request, then the end: what a JVM records that makes an
 * AOT cache of it ({@code bin/make-aot-cache}).
 */
@Command(
    name = "aot-training",
    mixinStandardHelpOptions = true,
    hidden = true,
    description = "Start a server on a new data directory, use it once and end.")
public final class AotTrainingCommand implements Callable<Integer> {
  @Option(names = "--data-dir", required = true, paramLabel = "DIR", description = "A new one.")
  private Path dataDir = Path.of(".");

  @Override
  public Integer call() {
    Path directory = dataDir.toAbsolutePath();
    try (ServerContext server = ServerContext.ofDemo(directory, 0)) {
      String department = server.get(Departments.class).ensure("aot");
      String key = server.get(ApiKeys.class).create(department, Scope.USER).secret();
      server.get(JoinTokens.class).create("default", Duration.ofMinutes(1), null);
      try (GraftApi api = new GraftApi(server.url(), key)) {
        api.get("/v1/models");
      }
    }
    return 0;
  }
}
