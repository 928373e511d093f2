package dev.graft.worker;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How this very program is started again as {@code graft trainer}: in a process group of its own,
 * so that a terminal's Ctrl-C reaches only the worker, and dying with the thread that started it
 * where {@code setpriv} is present.
 */
record TrainerCommandLine(List<String> command) {
  TrainerCommandLine {
    command = List.copyOf(command);
  }

  static TrainerCommandLine ofThisProgram(String heap) {
    List<String> program = new ArrayList<>();
    String classPath = System.getProperty("java.class.path");
    if (classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)) {
      // absolute: the child starts in the job's directory
      program.addAll(List.of("-jar", Path.of(classPath).toAbsolutePath().toString()));
    } else {
      program.addAll(List.of("-cp", classPath, "dev.graft.cli.GraftCommand"));
    }
    program.add("trainer");
    return java(heap, program);
  }

  /** A JVM of this Java with these arguments, guarded as above. */
  static TrainerCommandLine java(String heap, List<String> program) {
    List<String> command = new ArrayList<>();
    onPath("setsid").ifPresent(tool -> command.add(tool.toString()));
    onPath("setpriv")
        .ifPresent(tool -> command.addAll(List.of(tool.toString(), "--pdeathsig", "KILL", "--")));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap);
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(program);
    return new TrainerCommandLine(command);
  }

  private static Optional<Path> onPath(String program) {
    String path = System.getenv().getOrDefault("PATH", "");
    for (String directory : path.split(File.pathSeparator)) {
      if (directory.isEmpty()) continue;
      Path candidate = Path.of(directory, program);
      if (Files.isExecutable(candidate)) return Optional.of(candidate);
    }
    return Optional.empty();
  }
}
