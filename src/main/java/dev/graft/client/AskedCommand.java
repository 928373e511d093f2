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
import tools.jackson.databind.json.JsonMapper;

/**
 * A command that the server of a data directory carries out, asked over a Unix socket which only
 * the directory's owner reaches: one JSON object each way.
 *
 * @param command that {@code graft} was called with
 * @param options what came after it
 */
public record AskedCommand(String command, List<String> options) {
  private static final int MOST_BYTES = 64 << 10;

  public AskedCommand {
    Objects.requireNonNull(command, "a command has a name");
    options = List.copyOf(options);
  }

  /**
   * @param status as a process ends with
   */
  public record Answer(int status, String out, String err) {
    public byte[] json() {
      return JsonMapper.shared().writeValueAsBytes(this);
    }
  }

  /** Of a data directory. */
  public static Path socket(Path dataDir) {
    return dataDir.toAbsolutePath().resolve("commands").resolve("socket");
  }

  /** Until its end. */
  public static AskedCommand read(InputStream in) throws IOException {
    return JsonMapper.shared().readValue(in.readNBytes(MOST_BYTES), AskedCommand.class);
  }

  /** Empty where no server answers. */
  public Optional<Answer> ask(Path socket) {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      Channels.newOutputStream(channel).write(JsonMapper.shared().writeValueAsBytes(this));
      channel.shutdownOutput();
      byte[] answer = Channels.newInputStream(channel).readAllBytes();
      if (answer.length == 0) return Optional.empty();
      return Optional.of(JsonMapper.shared().readValue(answer, Answer.class));
    } catch (IOException nobody) {
      return Optional.empty();
    }
  }
}
