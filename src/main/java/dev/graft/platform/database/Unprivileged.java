package dev.graft.platform.database;

import dev.graft.platform.ChildProcess;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * How to run PostgreSQL, which refuses to run as root.
 *
 * @param prefix the prefix of the command
 * @param owner whether the cluster's files must be given to {@link #NOBODY}
 */
record Unprivileged(List<String> prefix, boolean owner) {
  static final int NOBODY = 65534;

  /**
   * Returns no prefix for an ordinary user. Root becomes user {@code nobody} if that user has
   * access to the directory; otherwise it enters a user namespace, in which it has no privileges
   * but still owns its files.
   *
   * @throws MachineLacks if neither is possible
   */
  static Unprivileged forDirectory(Path directory) {
    return find(directory)
        .orElseThrow(
            () ->
                new MachineLacks(
                    "PostgreSQL does not run as root, and no other user has access to "
                        + directory
                        + ". Run Graft as an ordinary user, or choose a --data-dir that all users"
                        + " have access to"));
  }

  /** Like {@link #forDirectory}, but returns empty if neither is possible. */
  static Optional<Unprivileged> find(Path directory) {
    if (!"root".equals(System.getProperty("user.name"))) {
      return Optional.of(new Unprivileged(List.of(), false));
    }
    List<String> nobody =
        List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups");
    if (reachable(directory) && works(nobody)) return Optional.of(new Unprivileged(nobody, true));
    List<String> namespace = List.of("unshare", "--user");
    return works(namespace) ? Optional.of(new Unprivileged(namespace, false)) : Optional.empty();
  }

  private static boolean reachable(Path directory) {
    try {
      for (Path p = directory.toAbsolutePath().getParent(); p != null; p = p.getParent()) {
        if (Files.exists(p)
            && !Files.getPosixFilePermissions(p).contains(PosixFilePermission.OTHERS_EXECUTE)) {
          return false;
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean works(List<String> prefix) {
    try {
      List<String> command = new ArrayList<>(prefix);
      command.add("true");
      Process process = ChildProcess.of(command).redirectErrorStream(true).start();
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
