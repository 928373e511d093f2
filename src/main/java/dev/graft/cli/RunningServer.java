package dev.graft.cli;

import dev.graft.client.AskedCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/**
 * Lets the server that runs on the data directory carry out a command, in milliseconds; where none
 * answers, the command opens the server's services itself.
 */
final class RunningServer implements IExecutionStrategy {
  private final AskedCommand asked;
  private final Runnable alone;

  private RunningServer(AskedCommand asked, Runnable alone) {
    this.asked = asked;
    this.alone = alone;
  }

  /** Whether it can be asked for a command line. */
  public static boolean takes(String... arguments) {
    return asked(arguments).isPresent();
  }

  /**
   * Of a command line that it can be asked for.
   *
   * @param alone called before the command opens the services itself: until then neither a log nor
   *     anything else of a server is loaded
   */
  public static Optional<IExecutionStrategy> of(Runnable alone, String... arguments) {
    return asked(arguments).map(asked -> new RunningServer(asked, alone));
  }

  private static Optional<AskedCommand> asked(String... arguments) {
    if (arguments.length == 0) return Optional.empty();
    List<String> options = Arrays.asList(arguments).subList(1, arguments.length);
    AskedCommand asked = new AskedCommand(arguments[0], options);
    return SocketCommands.of(asked).isPresent() ? Optional.of(asked) : Optional.empty();
  }

  @Override
  public int execute(ParseResult parsed) {
    ParseResult called = parsed;
    while (called.hasSubcommand() && !called.isUsageHelpRequested()) called = called.subcommand();
    Optional<Path> socket =
        called.isUsageHelpRequested() ? Optional.empty() : socket(called.commandSpec());
    Optional<AskedCommand.Answer> answer = socket.flatMap(asked::ask);
    if (answer.isEmpty()) {
      alone.run();
      return new CommandLine.RunLast().execute(parsed);
    }
    CommandLine command = parsed.commandSpec().commandLine();
    command.getOut().print(answer.get().out());
    command.getOut().flush();
    command.getErr().print(answer.get().err());
    command.getErr().flush();
    return answer.get().status();
  }

  private static Optional<Path> socket(CommandSpec called) {
    return called.mixins().values().stream()
        .map(CommandSpec::userObject)
        .filter(ServerOptions.class::isInstance)
        .flatMap(options -> ((ServerOptions) options).knownDataDir(System.getenv()).stream())
        .map(AskedCommand::socket)
        .filter(Files::exists)
        .findFirst();
  }
}
