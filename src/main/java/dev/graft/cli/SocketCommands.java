package dev.graft.cli;

import dev.graft.client.AskedCommand;
import java.util.Optional;

/** The commands that a running server carries out. Every command line is held against them. */
final class SocketCommands {
  private SocketCommands() {}

  /** Empty if it is none. */
  static Optional<Object> of(AskedCommand asked) {
    return switch (asked.command()) {
      case "key" -> Optional.of(new KeyCommand());
      case "worker-token" -> Optional.of(new WorkerTokenCommand());
      case LocalLoginCommand.NAME -> Optional.of(new LocalLoginCommand());
      default -> Optional.empty();
    };
  }
}
