package dev.graft.platform;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The command line of a child process in a JVM of its own: outside the terminal's process group, so
 * that Ctrl-C reaches only its parent, and, where {@code setpriv} is present, killed by the kernel
 * when the <em>thread</em> that started it ends, and without a way to more privileges.
 */
public final class ChildJvm {
  static final String MAIN = "dev.graft.cli.GraftCommand";

  private ChildJvm() {}

  /**
   * This very program again, as {@code graft <arguments>}.
   *
   * @param heap as {@code -Xmx} takes it; tensors live outside
   */
  public static List<String> ofThisProgram(String heap, String... arguments) {
    List<String> program = new ArrayList<>();
    String classPath = System.getProperty("java.class.path");
    if (classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)) {
      Path jar = Path.of(classPath).toAbsolutePath(); // the child may start in another directory
      program.addAll(aotCache(jar.resolveSibling("trainer.aot"), ownArguments()));
      program.addAll(List.of("-jar", jar.toString()));
    } else {
      program.addAll(List.of("-cp", classPath, MAIN));
    }
    program.addAll(List.of(arguments));
    return of(heap, program);
  }

  private static List<String> ownArguments() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments();
  }

  /**
   * Options for the cache of {@code bin/make-aot-cache}, where there is one and this JVM was given
   * another: its launcher knows whether one may be used.
   *
   * @param own arguments of this JVM
   */
  static List<String> aotCache(Path cache, List<String> own) {
    if (!Files.isReadable(cache)) return List.of();
    if (own.stream().noneMatch(each -> each.startsWith("-XX:AOTCache="))) return List.of();
    return List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=off", "-Xlog:cds*=off");
  }

  /** A JVM of this Java with these arguments. */
  public static List<String> of(String heap, List<String> program) {
    List<String> command = new ArrayList<>();
    onPath("setsid").ifPresent(tool -> command.add(tool.toString()));
    onPath("setpriv")
        .ifPresent(
            tool ->
                command.addAll(
                    List.of(tool.toString(), "--no-new-privs", "--pdeathsig", "KILL", "--")));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap);
    // all of the young generation is touched in time, and is memory that tensors do not have
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:MaxNewSize=16m"));
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-XX:+DisplayVMOutputToStderr"); // standard output is for the protocol
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(program);
    return command;
  }

  public static Optional<Path> onPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "");
    for (String directory : path.split(File.pathSeparator)) {
      if (directory.isEmpty()) continue;
      Path candidate = Path.of(directory, program);
      if (Files.isExecutable(candidate)) return Optional.of(candidate);
    }
    return Optional.empty();
  }
}
