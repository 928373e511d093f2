package dev.graft.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whoever started the server on this machine needs no key to begin with: the server makes one for
 * them, and it is kept as after {@code graft login}.
 */
public final class LocalLogin {
  /** That the server carries out; its answer is two lines, the address and the key. */
  public static final String COMMAND = "local-login";

  static final String DEPARTMENT = "default";

  private LocalLogin() {}

  /**
   * Of the server on {@code GRAFT_DATA_DIR}, by default {@code ~/.graft}.
   *
   * @param file where it is kept
   */
  static Optional<Login> make(Map<String, String> environment, Path file) throws IOException {
    String user = System.getProperty("user.name");
    Path socket = AskedCommand.socket(dataDir(environment));
    // Another's server would be told what is uploaded to it.
    if (!Files.exists(socket) || !Files.getOwner(socket).getName().equals(user)) {
      return Optional.empty();
    }
    List<String> options = List.of("--department", DEPARTMENT, "--name", user);
    Optional<AskedCommand.Answer> answer = new AskedCommand(COMMAND, options).ask(socket);
    if (answer.isEmpty() || answer.get().status() != 0) return Optional.empty();
    List<String> lines = answer.get().out().lines().toList();
    Login login = Login.withKey(lines.get(0), lines.get(1));
    login.keep(file);
    return Optional.of(login);
  }

  private static Path dataDir(Map<String, String> environment) {
    String set = environment.get("GRAFT_DATA_DIR");
    return set != null ? Path.of(set) : Path.of(System.getProperty("user.home"), ".graft");
  }
}
