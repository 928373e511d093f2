package dev.graft.platform;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is taken from children on this machine, tried once: a network, and where Graft is root its
 * user, else at least its capabilities. What cannot be taken is left to them, and said: jobs run.
 */
public final class ChildConfinement {
  private static final Logger log = LoggerFactory.getLogger(ChildConfinement.class);

  public static final String USER_CURE =
      "install Graft and put its data where every user may pass, such as /opt and /var/lib and not"
          + " /root, or run it as an ordinary user; graft.children.user=none accepts it";

  public static final String NETWORK_CURE =
      "allow user namespaces, or keep this machine off networks that trainers must not reach;"
          + " graft.children.network=host accepts it";

  private static final List<String> BOUND =
      List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--");

  private final boolean root;
  private final @Nullable ChildUser user;
  private final Path home;
  private final NeededFiles needed;
  private final List<String> network;
  private final @Nullable String networkLack;
  private final Set<String> said = new HashSet<>();

  /**
   * @param dataDir where children of another user get a directory
   */
  public ChildConfinement(Children.ChildrenProperties settings, Path dataDir) {
    this(settings, dataDir, NeededFiles.ofThisProgram());
  }

  ChildConfinement(Children.ChildrenProperties settings, Path dataDir, NeededFiles needed) {
    this.root = ChildUser.isRoot();
    this.user = root ? ChildUser.of(settings.user()) : null;
    this.home =
        dataDir.toAbsolutePath().resolve("children" + (user == null ? "" : "-" + user.uid()));
    this.needed = needed;
    List<String> own =
        root
            ? List.of("unshare", "--net", "--")
            : List.of("unshare", "--user", "--map-current-user", "--net", "--");
    boolean wanted = settings.network() == Children.ChildrenProperties.Network.NONE;
    this.networkLack = wanted ? ChildTrial.lack(own, List.of()) : null;
    this.network = wanted && networkLack == null ? own : List.of();
  }

  /**
   * Tries it and changes nothing.
   *
   * @param directory that children work in, or will
   */
  public FoundConfinement find(Path directory) {
    String lack = null;
    if (user != null) {
      List<String> prefix = prefix(user.command());
      lack = ChildTrial.lack(prefix, needed.and(directory));
      if (lack == null) return found(prefix, user.uid(), null);
      lack += " by user " + user.uid();
    }
    List<String> prefix = prefix(root ? BOUND : List.of());
    boolean bound = !root || ChildTrial.lack(prefix, needed.and(directory)) == null;
    return found(bound ? prefix : network, null, lack);
  }

  private FoundConfinement found(
      List<String> prefix, @Nullable Integer uid, @Nullable String lack) {
    return new FoundConfinement(prefix, uid, lack, network.isEmpty(), networkLack);
  }

  private List<String> prefix(List<String> then) {
    List<String> all = new ArrayList<>(network);
    all.addAll(then);
    return all;
  }

  /**
   * For children that work in a directory, which is made if absent.
   *
   * @throws UncheckedIOException if it cannot be
   */
  public synchronized Children within(Path directory) {
    try {
      Files.createDirectories(directory);
      FoundConfinement found = find(directory);
      if (found.user() != null && user != null) {
        String lack = readied(user, directory, found.prefix());
        if (lack == null) return told(new Children(found.prefix(), user, home), found);
        found =
            new FoundConfinement(prefix(BOUND), null, lack, found.network(), found.networkLack());
      }
      return told(new Children(found.prefix(), null, null), found);
    } catch (IOException e) {
      throw new UncheckedIOException("children cannot work in " + directory, e);
    }
  }

  /** What keeps them from it, such as a file system without owners; null = nothing. */
  private @Nullable String readied(ChildUser user, Path directory, List<String> prefix)
      throws IOException {
    Path trial = Files.createTempDirectory(directory, "children-");
    try {
      Children.set(trial, "gid", user.gid());
      Files.createDirectories(home);
      Children.set(home, "uid", user.uid());
      Children.set(home, "gid", user.gid());
      Children.set(home, "mode", 0700);
    } catch (IOException refused) {
      return "files cannot be given to user " + user.uid() + ": " + refused.getMessage();
    } finally {
      Files.delete(trial);
    }
    String lack = ChildTrial.lack(prefix, List.of(home.toString()));
    return lack == null ? null : lack + " by user " + user.uid();
  }

  /** Each thing once, however many directories there are. */
  private Children told(Children children, FoundConfinement found) {
    String userLack = found.userLack();
    if (userLack != null && said.add(userLack)) {
      log.atWarn()
          .addKeyValue("cause", userLack)
          .addKeyValue("cure", USER_CURE)
          .log("children_run_as_root");
    }
    if (networkLack != null && said.add(networkLack)) {
      log.atWarn()
          .addKeyValue("cause", networkLack)
          .addKeyValue("cure", NETWORK_CURE)
          .log("children_have_network");
    }
    return children;
  }

  /** Small programs that tell at once what this machine allows. */
  static final class ChildTrial {
    private static final int PATIENCE_SECONDS = 10;

    /** Says the first argument that it cannot read or, of a directory, cannot pass. */
    private static final String READS =
        "for f; do test -r \"$f\" || { test -d \"$f\" && test -x \"$f\"; }"
            + " || { echo \"$f cannot be read\"; exit 1; }; done";

    private ChildTrial() {}

    record Said(int status, String text) {}

    /** Status -1: it cannot be started, or did not end. */
    static Said run(List<String> command) {
      try {
        Process process = ChildProcess.of(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          return new Said(-1, command.getFirst() + " did not end");
        }
        byte[] text = process.getInputStream().readAllBytes();
        return new Said(process.exitValue(), new String(text, StandardCharsets.UTF_8));
      } catch (IOException e) {
        return new Said(-1, command.getFirst() + " cannot be run");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return new Said(-1, "interrupted");
      }
    }

    /**
     * @param prefix of the command of a child
     * @param needed files that it reads, directories that it passes
     * @return what a child started so lacks, in one line; null = nothing
     */
    static @Nullable String lack(List<String> prefix, List<String> needed) {
      List<String> command = new ArrayList<>(prefix);
      command.addAll(List.of("sh", "-c", READS, "sh"));
      command.addAll(needed);
      Said said = run(command);
      if (said.status() == 0) return null;
      return said.text().lines().findFirst().orElse(prefix.getFirst() + " is not allowed here");
    }
  }

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
      ChildConfinement.ChildTrial.Said said =
          ChildConfinement.ChildTrial.run(List.of("id", option, "--", name));
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

  /**
   * What can be taken from children.
   *
   * @param prefix of their commands
   * @param user whom they run as; null = as Graft
   * @param userLack why it is Graft's although that is root and another is wanted
   * @param network whether they have one
   * @param networkLack why they have one although there should be none
   */
  public record FoundConfinement(
      List<String> prefix,
      @Nullable Integer user,
      @Nullable String userLack,
      boolean network,
      @Nullable String networkLack) {
    public FoundConfinement {
      prefix = List.copyOf(prefix);
    }
  }

  /**
   * What every child reads: Java, this program, and libraries that are not in it.
   *
   * @param program those that are there
   */
  record NeededFiles(List<String> program) {
    NeededFiles {
      program = List.copyOf(program);
    }

    static NeededFiles ofThisProgram() {
      return new NeededFiles(
          Stream.of(
                  Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()),
                  Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)),
                  Stream.of("GRAFT_LIBTORCH_CUDA_DIRECTORY", "PYTORCH_LIBRARY_PATH")
                      .map(name -> System.getenv().getOrDefault(name, "")))
              .flatMap(each -> each)
              .filter(each -> !each.isEmpty() && Files.exists(Path.of(each)))
              .toList());
    }

    /** And a directory, or what there is of the way to it. */
    List<String> and(Path directory) {
      Path nearest = directory.toAbsolutePath();
      while (!Files.exists(nearest) && nearest.getParent() != null) nearest = nearest.getParent();
      List<String> all = new ArrayList<>(program);
      all.add(nearest.toString());
      return all;
    }
  }
}
