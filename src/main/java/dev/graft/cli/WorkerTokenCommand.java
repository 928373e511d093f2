package dev.graft.cli;

import dev.graft.jobs.JoinTokens;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code graft worker-token}: manages join tokens. Prints only tokens on standard output, for
 * scripts.
 */
@Command(
    name = "worker-token",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(create | list | revoke)",
    description =
        "Create, list and revoke join tokens of workers; also works while the server runs.")
final class WorkerTokenCommand extends CliCommand implements Runnable {
  private static final int MOST = 1000;

  @Override
  public void run() {
    throw wrong("specify create, list or revoke");
  }

  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      description =
          "Create one or more join tokens and print them; each lets one worker join, once.")
  int create(
      @Option(
              names = "--class",
              defaultValue = "default",
              paramLabel = "NAME",
              description = "The worker's class, which can have its own price (${DEFAULT-VALUE}).")
          String workerClass,
      @Option(
              names = "--expires-in-minutes",
              defaultValue = "60",
              paramLabel = "MINUTES",
              description = "Minutes until the token expires (${DEFAULT-VALUE}).")
          int minutes,
      @Option(
              names = "--count",
              defaultValue = "1",
              paramLabel = "N",
              description = "The number of tokens to print, one per line (${DEFAULT-VALUE}).")
          int count,
      @Mixin ServerOptions options) {
    if (minutes < 1) {
      throw wrong("--expires-in-minutes must be 1 or more");
    }
    if (count < 1 || count > MOST) {
      throw wrong("--count must be 1 to " + MOST);
    }
    try (ServerContext server = ServerContext.open(options)) {
      JoinTokens tokens = server.get(JoinTokens.class);
      Duration validFor = Duration.ofMinutes(minutes);
      for (int made = 0; made < count; made++) {
        print(tokens.create(workerClass, validFor, null).secret());
      }
    }
    return 0;
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "List the newest 100 tokens, one per line: id, prefix, class, status, expiry.")
  int list(@Mixin ServerOptions options) {
    try (ServerContext server = ServerContext.open(options)) {
      for (JoinTokens.JoinToken token : server.get(JoinTokens.class).list(null, 100)) {
        print(
            String.join(
                "\t",
                token.id(),
                token.prefix() + "...",
                token.workerClass(),
                token.status(),
                token.expiresAt().toString()));
      }
    }
    return 0;
  }

  @Command(
      name = "revoke",
      mixinStandardHelpOptions = true,
      description = "Revoke an unused token.")
  int revoke(@Parameters(paramLabel = "TOKEN_ID") String id, @Mixin ServerOptions options) {
    try (ServerContext server = ServerContext.open(options)) {
      if (!server.get(JoinTokens.class).revoke(id)) {
        throw wrong("there is no unused token " + id);
      }
    }
    return 0;
  }
}
