package dev.graft.cli;

import dev.graft.jobs.JoinTokens;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The tokens with which workers join. Standard output is the token alone, for scripts. */
@Command(
    name = "worker-token",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(create | list | revoke)",
    description =
        "Create, list and revoke tokens with which workers join; also while the server runs.")
final class WorkerTokenCommand implements Runnable {
  private static final int MOST = 1000;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say create, list or revoke");
  }

  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      description = "Print a token that lets one worker join, once; or several.")
  int create(
      @Option(
              names = "--class",
              defaultValue = "default",
              paramLabel = "NAME",
              description = "The worker's class, which has a price of its own (${DEFAULT-VALUE}).")
          String workerClass,
      @Option(
              names = "--expires-in-minutes",
              defaultValue = "60",
              paramLabel = "MINUTES",
              description = "When the token expires, if no worker has joined (${DEFAULT-VALUE}).")
          int minutes,
      @Option(
              names = "--count",
              defaultValue = "1",
              paramLabel = "N",
              description = "Print so many, one a line: one for each worker (${DEFAULT-VALUE}).")
          int count,
      @Mixin ServerOptions options) {
    if (minutes < 1) {
      throw new ParameterException(spec.commandLine(), "--expires-in-minutes must be 1 or more");
    }
    if (count < 1 || count > MOST) {
      throw new ParameterException(spec.commandLine(), "--count must be 1 to " + MOST);
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
      description = "The newest 100 tokens, one a line: id, beginning, class, state, end.")
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
      description = "Take a token back that nobody has joined with.")
  int revoke(@Parameters(paramLabel = "TOKEN_ID") String id, @Mixin ServerOptions options) {
    try (ServerContext server = ServerContext.open(options)) {
      if (!server.get(JoinTokens.class).revoke(id)) {
        throw new ParameterException(
            spec.commandLine(), "no token " + id + " that could still be used");
      }
    }
    return 0;
  }

  private void print(String line) {
    spec.commandLine().getOut().println(line);
    spec.commandLine().getOut().flush();
  }
}
