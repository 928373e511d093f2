package dev.graft.cli;

import dev.graft.client.AskedCommand;
import dev.graft.client.Connection.LocalLogin;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller.Scope;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/**
 * The Unix socket on which a running server executes commands for its data directory, so that those
 * commands need not start the services again. Only the directory's owner can connect, who can read
 * everything behind the socket anyway.
 */
final class CommandSocket implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CommandSocket.class);
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rwx------");

  private final ServerSocketChannel channel;
  private final Path file;
  private final ServerContext server;
  private final IExecutionExceptionHandler failures;

  private CommandSocket(
      ServerSocketChannel channel,
      Path file,
      ServerContext server,
      IExecutionExceptionHandler failures) {
    this.channel = channel;
    this.file = file;
    this.server = server;
    this.failures = failures;
  }

  /**
   * Opens the socket. Returns empty if that fails, for example because its path is too long:
   * commands then start the services themselves.
   */
  static Optional<CommandSocket> open(
      Path dataDir, ServerContext server, IExecutionExceptionHandler failures) {
    Path file = AskedCommand.socket(dataDir);
    try {
      Files.createDirectories(file.getParent());
      Files.setPosixFilePermissions(file.getParent(), OWNER);
      Files.deleteIfExists(file); // left by a killed server
      ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      channel.bind(UnixDomainSocketAddress.of(file));
      CommandSocket socket = new CommandSocket(channel, file, server, failures);
      Thread.ofPlatform().daemon().name("commands").start(socket::serve);
      return Optional.of(socket);
    } catch (IOException | UnsupportedOperationException impossible) {
      log.atWarn().addKeyValue("cause", impossible.toString()).log("commands_start_their_own");
      return Optional.empty();
    }
  }

  private void serve() {
    while (channel.isOpen()) {
      try {
        SocketChannel one = channel.accept();
        Thread.ofVirtual().start(() -> answer(one));
      } catch (ClosedChannelException ended) {
        return;
      } catch (IOException failed) {
        log.atWarn().addKeyValue("cause", failed.toString()).log("commands_start_their_own");
        return;
      }
    }
  }

  private void answer(SocketChannel caller) {
    try (caller) {
      AskedCommand asked = AskedCommand.read(Channels.newInputStream(caller));
      Optional<Object> command = SocketCommands.of(asked.command());
      if (command.isEmpty()) return;
      AskedCommand.Answer answer = ServerContext.inside(server, () -> run(command.get(), asked));
      Channels.newOutputStream(caller).write(answer.json());
    } catch (IOException unfit) {
      log.atDebug().addKeyValue("cause", unfit.toString()).log("command_unread");
    }
  }

  private AskedCommand.Answer run(Object command, AskedCommand asked) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int status =
        new CommandLine(command)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionExceptionHandler(failures)
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(asked.options().toArray(String[]::new));
    return new AskedCommand.Answer(status, out.toString(), err.toString());
  }

  @Override
  public void close() {
    try (channel) {
      Files.deleteIfExists(file);
    } catch (IOException left) {
      log.atDebug().addKeyValue("cause", left.toString()).log("command_socket_left");
    }
  }

  /** The commands that a running server executes. */
  static final class SocketCommands {
    private SocketCommands() {}

    /** Returns the command, or empty if a server does not execute it. */
    static Optional<Object> of(String command) {
      return switch (command) {
        case "key" -> Optional.of(new KeyCommand());
        case "worker-token" -> Optional.of(new WorkerTokenCommand());
        case LocalLoginCommand.NAME -> Optional.of(new LocalLoginCommand());
        default -> Optional.empty();
      };
    }
  }

  /** Prints the server's address and a new key, one per line, for {@link LocalLogin}. */
  @Command(name = LocalLoginCommand.NAME, hidden = true)
  static final class LocalLoginCommand extends CliCommand implements Callable<Integer> {
    static final String NAME = LocalLogin.COMMAND;

    @Option(names = "--department", required = true)
    private String department = "";

    @Option(names = "--name", required = true)
    private String name = "";

    @Override
    public Integer call() {
      try (ServerContext server = ServerContext.open(new ServerOptions())) {
        String id = server.get(Departments.class).ensure(department);
        String key = server.get(ApiKeys.class).create(id, Scope.USER, name, null).secret();
        PrintWriter out = spec.commandLine().getOut();
        out.println(server.url());
        out.println(key);
        out.flush();
      }
      return 0;
    }
  }

  /**
   * Has the server that runs on the data directory execute a command, which takes milliseconds. If
   * no server answers, the command opens the services itself.
   */
  static final class RunningServer implements IExecutionStrategy {
    private final AskedCommand asked;
    private final Runnable alone;

    private RunningServer(AskedCommand asked, Runnable alone) {
      this.asked = asked;
      this.alone = alone;
    }

    /** Returns whether a running server could execute this command line. */
    public static boolean takes(String... arguments) {
      return asked(arguments).isPresent();
    }

    /**
     * Returns the strategy for a command line, or empty if a server does not execute that command.
     *
     * @param alone called before the command opens the services itself; until then no logging and
     *     no other class of a server is loaded
     */
    public static Optional<IExecutionStrategy> of(Runnable alone, String... arguments) {
      return asked(arguments).map(asked -> new RunningServer(asked, alone));
    }

    private static Optional<AskedCommand> asked(String... arguments) {
      if (arguments.length == 0) return Optional.empty();
      if (SocketCommands.of(arguments[0]).isEmpty()) return Optional.empty();
      List<String> options = Arrays.asList(arguments).subList(1, arguments.length);
      return Optional.of(new AskedCommand(arguments[0], options));
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
}
