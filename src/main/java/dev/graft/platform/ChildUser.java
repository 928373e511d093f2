package dev.graft.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Whom children run as: a user that is not root, and its group. */
record ChildUser(int uid, int gid) {
  private static final String SETTING = "graft.children.user";

  /**
   * @return null for {@code none}
   * @throws MachineLacks if this machine does not know it, or it is root
   */
  static @Nullable ChildUser of(String setting) {
    String name = setting.strip();
    if (name.isEmpty() || name.equals("none")) return null;
    ChildUser user;
    if (name.matches("\\d{1,9}")) {
      int number = Integer.parseInt(name);
      user = new ChildUser(number, number);
    } else {
      user = new ChildUser(id("-u", name), id("-g", name));
    }
    if (user.uid == 0 || user.gid == 0) {
      throw new MachineLacks(
          "%s is %s, which is root or of its group; name another, or none"
              .formatted(SETTING, name));
    }
    return user;
  }

  private static int id(String option, String name) {
    ChildTrial.Said said = ChildTrial.run(List.of("id", option, "--", name));
    if (said.status() == 0) return Integer.parseInt(said.text().strip());
    throw new MachineLacks(
        "%s names %s, whom this machine does not know; name an account, a number such as 65531, or"
                .formatted(SETTING, name)
            + " none");
  }

  /** What comes before a command of root. */
  List<String> command() {
    return List.of(
        "setpriv", "--reuid=" + uid, "--regid=" + gid, "--clear-groups", "--no-new-privs", "--");
  }

  /** Whether this process is root's. */
  static boolean isRoot() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException notLinux) {
      return false;
    }
  }
}
