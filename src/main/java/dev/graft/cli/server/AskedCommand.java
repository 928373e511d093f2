package dev.graft.cli.server;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * What passes the {@link CommandSocket}: one JSON object each way.
 *
 * @param command that {@code graft} was called with
 * @param options what came after it
 */
record AskedCommand(String command, List<String> options) {
  private static final int MOST_BYTES = 64 << 10;

  AskedCommand {
    Objects.requireNonNull(command, "a command has a name");
    options = List.copyOf(options);
  }

  /** Empty if no running server carries it out. */
  Optional<Object> picked() {
    return switch (command) {
      case "key" -> Optional.of(new KeyCommand());
      case "worker-token" -> Optional.of(new WorkerTokenCommand());
      default -> Optional.empty();
    };
  }

  /**
   * @param status as a process ends with
   */
  record Answer(int status, String out, String err) {
    byte[] json() {
      return JsonMapper.shared().writeValueAsBytes(this);
    }
  }

  byte[] json() {
    return JsonMapper.shared().writeValueAsBytes(this);
  }

  /** Until its end. */
  static AskedCommand read(InputStream in) throws IOException {
    return JsonMapper.shared().readValue(in.readNBytes(MOST_BYTES), AskedCommand.class);
  }
}
