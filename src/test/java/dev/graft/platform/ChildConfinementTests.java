package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.graft.ExpectedLog;
import dev.graft.ReachableClassPath;
import dev.graft.platform.Children.ChildrenProperties.Network;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChildConfinementTests {
  private static final String USER = "65531";
  private static final List<String> STATUS = List.of("cat", "/proc/self/status");

  @TempDir Path directory;

  @BeforeEach
  void open() throws IOException {
    ReachableClassPath.opened(directory);
  }

  @Test
  void asRootChildrenAreAnotherUserWithoutGroupsAndPrivileges() throws Exception {
    Children children = confined(USER, Network.NONE);
    Map<String, String> status = status(children);
    assertThat(status)
        .containsEntry("Uid", "65531 65531 65531 65531")
        .containsEntry("Gid", "65531 65531 65531 65531")
        .containsEntry("Groups", "")
        .containsEntry("NoNewPrivs", "1")
        .containsEntry("CapEff", "0000000000000000");
    String home = directory.resolve("children-65531").toString();
    assertThat(said(children, List.of("env"))).contains("HOME=" + home, "DJL_CACHE_DIR=" + home);
    assertThat(said(children, List.of("sh", "-c", "cd && touch kept && pwd")))
        .isEqualTo(home + "\n");
  }

  @Test
  void theyReadWhatIsSharedWriteBesideItAndReplaceNothing() throws Exception {
    Children children = confined(USER, Network.HOST);
    Path run = Files.createDirectory(directory.resolve("run"));
    Path blob = Files.writeString(run.resolve("blob"), "rows");
    Files.setPosixFilePermissions(blob, PosixFilePermissions.fromString("r--r-----"));
    List<String> read = List.of("cat", blob.toString());
    Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwx------"));
    assertThat(status(children, read)).isNotZero();
    children.share(run);
    assertThat(said(children, read)).isEqualTo("rows");
    assertThat(status(children, List.of("touch", run.resolve("made").toString()))).isNotZero();
    children.give(run);
    assertThat(said(children, List.of("sh", "-c", "echo made >" + run.resolve("made")))).isEmpty();
    for (String attempt : List.of("rm -f %s", "mv %s away", "echo >%s", "ln -sf /etc/shadow %s")) {
      String there = "cd %s && %s".formatted(run, attempt.formatted("blob"));
      assertThat(status(children, List.of("sh", "-c", there))).as(attempt).isNotZero();
    }
    assertThat(blob).hasContent("rows");
    assertThat(run.resolve("made")).hasContent("made");
    children.takeBack(run);
    assertThat(status(children, List.of("ls", run.toString()))).isNotZero();
  }

  @Test
  void aChildReachesNoListenerOfThisMachine() throws Exception {
    assumeTrue(
        ChildConfinement.ChildTrial.lack(List.of("unshare", "--net", "--"), List.of()) == null,
        "no namespace");
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String connect = "exec 3<>/dev/tcp/127.0.0.1/" + listener.getLocalPort();
      List<String> command = List.of("bash", "-c", connect);
      assertThat(status(confined("none", Network.HOST), command)).isZero();
      assertThat(status(confined("none", Network.NONE), command)).isNotZero();
    }
  }

  @Test
  void whatThatUserCannotReadLeavesThemRootWithoutCapabilitiesAndIsSaidOnce() throws Exception {
    requireRoot();
    Path hidden = Files.createDirectory(directory.resolve("hidden"));
    Path program = Files.writeString(hidden.resolve("graft.jar"), "");
    Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rwx------"));
    ChildConfinement confinement = confinement(USER, Network.HOST, program.toString());
    String lack = program + " cannot be read by user 65531";
    assertThat(confinement.find(directory).userLack()).isEqualTo(lack);
    try (ExpectedLog log = ExpectedLog.of(ChildConfinement.class, "children_run_as_root")) {
      confinement.within(directory.resolve("one"));
      Map<String, String> status = status(confinement.within(directory.resolve("two")));
      assertThat(status)
          .containsEntry("Uid", "0 0 0 0")
          .containsEntry("CapEff", "0000000000000000")
          .containsEntry("CapBnd", "0000000000000000")
          .containsEntry("NoNewPrivs", "1");
      assertThat(log.seen()).hasSize(1);
    }
  }

  @Test
  void aDirectoryThatIsNotTheirsToPassIsNamedAndNothingInItChanges() throws Exception {
    requireRoot();
    Path hidden = Files.createDirectory(directory.resolve("hidden"));
    Files.setPosixFilePermissions(hidden, PosixFilePermissions.fromString("rwx------"));
    ChildConfinement confinement = confinement(USER, Network.HOST);
    assertThat(confinement.find(hidden.resolve("made/later")).userLack())
        .isEqualTo(hidden + " cannot be read by user 65531");
    assertThat(hidden).isEmptyDirectory();
  }

  @Test
  void rootAndStrangersAreRefused() {
    requireRoot();
    assertThatThrownBy(() -> confinement("root", Network.HOST))
        .isInstanceOf(MachineLacks.class)
        .hasMessageContaining("graft.children.user is root");
    assertThatThrownBy(() -> confinement("no-such-user", Network.HOST))
        .isInstanceOf(MachineLacks.class)
        .hasMessageContaining("is no-such-user, a user that does not exist on this machine");
    assertThat(confinement("nobody", Network.HOST).find(directory).user()).isEqualTo(65534);
  }

  @Test
  void childrenOfAnOrdinaryUserHaveNoNetworkEither() throws Exception {
    Children user = confined(USER, Network.HOST);
    String own = Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString();
    String unshared = said(user, List.of("unshare", "--user", "--net", "true"));
    assumeTrue(unshared.isEmpty(), "users may not make namespaces: " + unshared);
    assertThat(said(user, starter(directory.resolve("children-65531"))))
        .contains("userLack=null, network=false", "net:[", "NoNewPrivs:\t1", "Uid:\t65531")
        .doesNotContain(own);
  }

  /** The limit holds in the namespace that all of it runs in, which has no other user either. */
  @Test
  void aMachineThatAllowsNeitherStartsThemAndSaysSo() throws Exception {
    requireRoot();
    String limited = "echo 0 >/proc/sys/user/max_net_namespaces && exec \"$@\"";
    List<String> command =
        new ArrayList<>(
            List.of("unshare", "--user", "--map-root-user", "--", "sh", "-c", limited, "sh"));
    command.addAll(starter(directory));
    assertThat(said(Children.AS_GRAFT, command))
        .contains("children_have_network", "children_run_as_root", "network=true")
        .contains(Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString())
        .contains("NoNewPrivs:\t1");
  }

  /** As another user it has a directory of its own for its libraries. */
  @Test
  void libtorchComputesAsAnotherUserWithoutNetwork() throws Exception {
    Children children = confined(USER, Network.NONE);
    String classPath = ReachableClassPath.in(directory);
    List<String> program = List.of("-cp", classPath, ChildJvm.MAIN, "libtorch-check");
    assertThat(said(children, ChildJvm.of("256m", program))).contains("\"devices\"");
    assertThat(directory.resolve("children-65531/djl")).isDirectory();
  }

  private List<String> starter(Path works) throws IOException {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Dgraft.test.log=info",
        "-cp",
        ReachableClassPath.in(directory),
        Starter.class.getName(),
        works.toString());
  }

  /** What a Graft that is started so takes from its children. */
  static final class Starter {
    public static void main(String[] arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      Children.ChildrenProperties settings = new Children.ChildrenProperties(USER, Network.NONE);
      ChildConfinement confinement =
          new ChildConfinement(settings, directory, new ChildConfinement.NeededFiles(List.of()));
      System.out.println(confinement.find(directory));
      Children children = confinement.within(directory);
      System.out.println(said(children, List.of("readlink", "/proc/self/ns/net")));
      System.out.println(said(children, STATUS));
    }
  }

  private Children confined(String user, Network network) {
    if (!user.equals("none")) requireRoot();
    return confinement(user, network).within(directory);
  }

  private ChildConfinement confinement(String user, Network network, String... needed) {
    return new ChildConfinement(
        new Children.ChildrenProperties(user, network),
        directory,
        new ChildConfinement.NeededFiles(List.of(needed)));
  }

  private static void requireRoot() {
    assumeTrue(
        "root".equals(System.getProperty("user.name")), "only root can start others' processes");
  }

  private static Map<String, String> status(Children children) throws Exception {
    Map<String, String> status = new TreeMap<>();
    for (String line : said(children, STATUS).lines().toList()) {
      String[] parts = line.split(":", 2);
      status.put(parts[0], parts[1].strip().replace('\t', ' '));
    }
    return status;
  }

  private static int status(Children children, List<String> command) throws Exception {
    return children
        .of(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  private static String said(Children children, List<String> command) throws IOException {
    Process child = children.of(command).redirectErrorStream(true).start();
    return new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }
}
