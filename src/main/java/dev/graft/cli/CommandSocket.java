package dev.graft.cli;

import dev.graft.client.AskedCommand;
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
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import tools.jackson.core.JacksonException;

/**
 * Where a running server carries out commands of its data directory, so that they need not start
 * its services once more: a Unix socket that only the directory's owner reaches, who can read all
 * that is behind it.
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

  /** Empty where there can be none, such as under a path that is too long: commands do without. */
  static Optional<CommandSocket> open(
      Path dataDir, ServerContext server, IExecutionExceptionHandler failures) {
    Path file = AskedCommand.socket(dataDir);
    try {
      Files.createDirectories(file.getParent());
      Files.setPosixFilePermissions(file.getParent(), OWNER);
      Files.deleteIfExists(file); // of a server that was killed
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
      Optional<Object> command = SocketCommands.of(asked);
      if (command.isEmpty()) return;
      AskedCommand.Answer answer = ServerContext.inside(server, () -> run(command.get(), asked));
      Channels.newOutputStream(caller).write(answer.json());
    } catch (IOException | JacksonException unfit) {
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
}
