package dev.graft.inference;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How this very program is started again as {@code graft inferrer}. */
final class InferrerCommandLine {
  private final String heap;
  private final Optional<Path> setpriv;

  InferrerCommandLine(String heap) {
    this.heap = heap;
    this.setpriv = onPath("setpriv");
  }

  /** Standard input ending is the ordinary end; the kernel's signal is for a parent killed hard. */
  List<String> forModel(Path baseModel) {
    List<String> command = new ArrayList<>();
    setpriv.ifPresent(
        tool -> command.addAll(List.of(tool.toString(), "--pdeathsig", "KILL", "--")));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap);
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("--enable-native-access=ALL-UNNAMED");
    String classPath = System.getProperty("java.class.path");
    if (classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)) {
      command.addAll(List.of("-jar", classPath));
    } else {
      command.addAll(List.of("-cp", classPath, "dev.graft.cli.GraftCommand"));
    }
    command.addAll(List.of("inferrer", "--model", baseModel.toString()));
    return command;
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
