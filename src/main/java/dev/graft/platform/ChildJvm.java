package dev.graft.platform;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Builds the command line of a child JVM. The child is outside the terminal's process group, so
 * that Ctrl-C reaches only its parent. If {@code setpriv} is available, the kernel kills the child
 * when the <em>thread</em> that started it ends, and the child cannot gain privileges.
 */
public final class ChildJvm {
  static final String MAIN = "dev.graft.cli.GraftCommand";

  private ChildJvm() {}

  /**
   * Returns the command line that runs this program as {@code graft <arguments>}.
   *
   * @param heap the value of {@code -Xmx}; tensors are outside the heap
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
   * Returns the options for an AOT cache of {@code bin/make-aot-cache}, if it exists and this JVM
   * was itself started with such a cache: the launcher decides whether caches may be used.
   *
   * @param own the arguments of this JVM
   */
  static List<String> aotCache(Path cache, List<String> own) {
    if (!Files.isReadable(cache)) return List.of();
    if (own.stream().noneMatch(each -> each.startsWith("-XX:AOTCache="))) return List.of();
    return List.of("-XX:AOTCache=" + cache, "-Xlog:aot*=off", "-Xlog:cds*=off");
  }

  /** Returns the command line of a JVM with these arguments. */
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
    // The JVM eventually uses all of the young generation, memory that tensors cannot have.
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
