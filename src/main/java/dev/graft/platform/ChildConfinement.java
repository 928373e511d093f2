package dev.graft.platform;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
  public ChildConfinement(ChildrenProperties settings, Path dataDir) {
    this(settings, dataDir, NeededFiles.ofThisProgram());
  }

  ChildConfinement(ChildrenProperties settings, Path dataDir, NeededFiles needed) {
    this.root = ChildUser.isRoot();
    this.user = root ? ChildUser.of(settings.user()) : null;
    this.home =
        dataDir.toAbsolutePath().resolve("children" + (user == null ? "" : "-" + user.uid()));
    this.needed = needed;
    List<String> own =
        root
            ? List.of("unshare", "--net", "--")
            : List.of("unshare", "--user", "--map-current-user", "--net", "--");
    boolean wanted = settings.network() == ChildrenProperties.Network.NONE;
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
}
