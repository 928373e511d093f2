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
 * Confines child processes as far as this machine allows, which is tried once: they get no network
 * and, if Graft runs as root, another user or at least no capabilities. What the machine does not
 * allow is logged, and jobs run without it.
 */
public final class ChildConfinement {
  private static final Logger log = LoggerFactory.getLogger(ChildConfinement.class);

  public static final String USER_CURE =
      "install Graft and its data where every user has access, such as /opt and /var/lib instead of"
          + " /root, or run Graft as an ordinary user; graft.children.user=none accepts this";

  public static final String NETWORK_CURE =
      "allow user namespaces, or keep this machine away from networks that trainers must not reach;"
          + " graft.children.network=host accepts this";

  private static final List<String> BOUND =
      List.of("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--");

  private final boolean root;
  private final @Nullable ChildUser user;
  private final Path home;
  private final NeededFiles needed;
  private final List<String> network;
  private final @Nullable String networkLack;
  private final Set<String> logged = new HashSet<>();

  /**
   * @param dataDir where a separate user gets its home directory
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
   * Finds out what the machine allows, without changing anything.
   *
   * @param directory the working directory of children; need not exist
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
   * Returns how to start children that work in a directory, which is created if absent.
   *
   * @throws UncheckedIOException if the directory cannot be created
   */
  public synchronized Children within(Path directory) {
    try {
      Files.createDirectories(directory);
      FoundConfinement found = find(directory);
      if (found.user() != null && user != null) {
        String lack = readied(user, directory, found.prefix());
        if (lack == null) return logged(new Children(found.prefix(), user, home), found);
        found =
            new FoundConfinement(prefix(BOUND), null, lack, found.network(), found.networkLack());
      }
      return logged(new Children(found.prefix(), null, null), found);
    } catch (IOException e) {
      throw new UncheckedIOException("child processes cannot work in " + directory, e);
    }
  }

  /**
   * Prepares a directory for the user; returns why that failed, such as a file system without
   * owners, or null.
   */
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
      return "cannot change the owner of files to user " + user.uid() + ": " + refused.getMessage();
    } finally {
      Files.delete(trial);
    }
    String lack = ChildTrial.lack(prefix, List.of(home.toString()));
    return lack == null ? null : lack + " by user " + user.uid();
  }

  /** Logs each missing protection once, however many directories there are. */
  private Children logged(Children children, FoundConfinement found) {
    String userLack = found.userLack();
    if (userLack != null && logged.add(userLack)) {
      log.atWarn()
          .addKeyValue("cause", userLack)
          .addKeyValue("cure", USER_CURE)
          .log("children_run_as_root");
    }
    if (networkLack != null && logged.add(networkLack)) {
      log.atWarn()
          .addKeyValue("cause", networkLack)
          .addKeyValue("cure", NETWORK_CURE)
          .log("children_have_network");
    }
    return children;
  }

  /** Runs small programs to find out what this machine allows. */
  static final class ChildTrial {
    private static final int PATIENCE_SECONDS = 10;

    /**
     * A script that prints the first argument that it cannot read (a file) or enter (a directory).
     */
    private static final String READS =
        "for f; do test -r \"$f\" || { test -d \"$f\" && test -x \"$f\"; }"
            + " || { echo \"$f cannot be read\"; exit 1; }; done";

    private ChildTrial() {}

    record Output(int status, String text) {}

    /** Runs a command; status -1 means that it could not be started or did not end. */
    static Output run(List<String> command) {
      try {
        Process process = ChildProcess.of(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          return new Output(-1, command.getFirst() + " did not end");
        }
        byte[] text = process.getInputStream().readAllBytes();
        return new Output(process.exitValue(), new String(text, StandardCharsets.UTF_8));
      } catch (IOException e) {
        return new Output(-1, command.getFirst() + " cannot be run");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return new Output(-1, "interrupted");
      }
    }

    /**
     * @param prefix the prefix of a child's command
     * @param needed the files it reads and directories it enters
     * @return in one line what such a child cannot do; null = nothing
     */
    static @Nullable String lack(List<String> prefix, List<String> needed) {
      List<String> command = new ArrayList<>(prefix);
      command.addAll(List.of("sh", "-c", READS, "sh"));
      command.addAll(needed);
      Output output = run(command);
      if (output.status() == 0) return null;
      return output.text().lines().findFirst().orElse(prefix.getFirst() + " is not allowed here");
    }
  }

  /** The user and group of child processes; not root. */
  record ChildUser(int uid, int gid) {
    private static final String SETTING = "graft.children.user";

    /**
     * @return null for {@code none}
     * @throws MachineLacks if the user is unknown on this machine, or is root
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
            "%s is %s, which is root or in its group; set another user, or none"
                .formatted(SETTING, name));
      }
      return user;
    }

    private static int id(String option, String name) {
      ChildTrial.Output output = ChildTrial.run(List.of("id", option, "--", name));
      if (output.status() == 0) return Integer.parseInt(output.text().strip());
      throw new MachineLacks(
          "%s is %s, a user that does not exist on this machine; set it to an account, a number such as 65531, or"
                  .formatted(SETTING, name)
              + " none");
    }

    /** Returns the prefix with which root starts a command as this user. */
    List<String> command() {
      return List.of(
          "setpriv", "--reuid=" + uid, "--regid=" + gid, "--clear-groups", "--no-new-privs", "--");
    }

    /** Returns whether this process runs as root. */
    static boolean isRoot() {
      try {
        return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
      } catch (IOException | UnsupportedOperationException | IllegalArgumentException notLinux) {
        return false;
      }
    }
  }

  /**
   * How children can be confined.
   *
   * @param prefix the prefix of their commands
   * @param user the user they run as; null = Graft's
   * @param userLack why they run as root although another user is configured; null if they do not
   * @param network whether they have network access
   * @param networkLack why they have network access although they should not; null if they should
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
   * The files that every child reads: Java, this program and external libraries.
   *
   * @param program the files that exist
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

    /** Returns these files and a directory, or its nearest parent that exists. */
    List<String> and(Path directory) {
      Path nearest = directory.toAbsolutePath();
      while (!Files.exists(nearest) && nearest.getParent() != null) nearest = nearest.getParent();
      List<String> all = new ArrayList<>(program);
      all.add(nearest.toString());
      return all;
    }
  }
}
