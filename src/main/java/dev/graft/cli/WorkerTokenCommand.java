package dev.graft.cli;

import dev.graft.jobs.Workers;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The tokens with which workers join. Standard output is the token alone, for scripts. */
@Command(
    name = "worker-token",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "create",
    description = "Create tokens with which workers join; also while the server runs.")
final class WorkerTokenCommand implements Runnable {
  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say create");
  }

  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      description = "Print a token that lets one worker join, once.")
  int create(
      @Option(names = "--class", defaultValue = "default", paramLabel = "NAME") String workerClass,
      @Option(names = "--expires-in-minutes", defaultValue = "60", paramLabel = "MINUTES")
          int minutes,
      @Mixin ServerOptions options) {
    if (minutes < 1) {
      throw new ParameterException(spec.commandLine(), "--expires-in-minutes must be 1 or more");
    }
    try (ServerContext server = ServerContext.open(options)) {
      String token =
          server.get(Workers.class).createJoinToken(workerClass, Duration.ofMinutes(minutes));
      spec.commandLine().getOut().println(token);
      spec.commandLine().getOut().flush();
    }
    return 0;
  }
}
