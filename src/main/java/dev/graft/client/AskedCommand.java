package dev.graft.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A command that the server of a data directory executes. It is sent over a Unix socket to which
 * only the directory's owner can connect, as one JSON object; the answer is another.
 *
 * @param command the name of the command
 * @param options its arguments
 */
public record AskedCommand(String command, List<String> options) {
  private static final int MOST_BYTES = 64 << 10;

  public AskedCommand {
    Objects.requireNonNull(command, "a command has a name");
    options = List.copyOf(options);
  }

  /**
   * @param status the exit status
   */
  public record Answer(int status, String out, String err) {
    public byte[] json() {
      return JsonMapper.shared().writeValueAsBytes(this);
    }
  }

  /** Returns the path of a data directory's socket. */
  public static Path socket(Path dataDir) {
    return dataDir.toAbsolutePath().resolve("commands").resolve("socket");
  }

  /**
   * Reads a command up to the end of the stream.
   *
   * @throws IOException also if it ends without a command, or is not one
   */
  public static AskedCommand read(InputStream in) throws IOException {
    try {
      @Nullable AskedCommand asked =
          JsonMapper.shared().readValue(in.readNBytes(MOST_BYTES), AskedCommand.class);
      if (asked == null) throw new IOException("The caller sent no command.");
      return asked;
    } catch (JacksonException unfit) {
      throw new IOException("The caller sent something that is not a command.", unfit);
    }
  }

  /** Has the server execute the command; returns empty if no server answers. */
  public Optional<Answer> ask(Path socket) {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      Channels.newOutputStream(channel).write(JsonMapper.shared().writeValueAsBytes(this));
      channel.shutdownOutput();
      byte[] answer = Channels.newInputStream(channel).readAllBytes();
      if (answer.length == 0) return Optional.empty();
      return Optional.of(JsonMapper.shared().readValue(answer, Answer.class));
    } catch (IOException noServer) {
      return Optional.empty();
    }
  }
}
