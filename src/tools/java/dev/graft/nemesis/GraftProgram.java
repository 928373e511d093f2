package dev.graft.nemesis;

import dev.graft.nemesis.Cluster.Stuck;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A copy of Graft's jar, which may be built anew meanwhile, and how it is started. */
record GraftProgram(Path jar) {
  /**
   * @param fenced false: without the fence of its leases
   */
  static GraftProgram copyOfThis(Path directory, boolean fenced) throws IOException {
    // bin/graft names the jar first, and after it the tools' own classes.
    Path running = Path.of(System.getProperty("java.class.path").split(File.pathSeparator)[0]);
    if (!running.toString().endsWith(".jar") || !Files.isRegularFile(running)) {
      throw new Stuck("nemesis starts processes of the jar: run it as bin/graft nemesis");
    }
    // A jar that bin/graft has unpacked names its libraries by where it lies.
    Path libraries = running.toAbsolutePath().resolveSibling("lib");
    if (Files.isDirectory(libraries)) {
      Files.createSymbolicLink(directory.resolve("lib"), libraries);
    }
    Path copy = directory.resolve("graft.jar");
    if (fenced) Files.copy(running, copy);
    else if (Unfenced.copy(running, copy) == 0)
      throw new Stuck("the queue's statements have no fence");
    return new GraftProgram(copy);
  }

  Process start(Path log, List<String> arguments) {
    try {
      return builder(log, arguments)
          .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
          .start();
    } catch (IOException e) {
      throw new Stuck("graft cannot be started: " + e.getMessage());
    }
  }

  /** Runs a command to its end; returns its standard output. */
  String result(Path log, String... arguments) {
    try {
      Process process = builder(log, List.of(arguments)).start();
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new Stuck("graft %s ended with %d".formatted(arguments[0], process.exitValue()));
      }
      return out.strip();
    } catch (IOException e) {
      throw new Stuck("graft cannot be started: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Stuck("interrupted");
    }
  }

  private ProcessBuilder builder(Path log, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-jar", jar.toString()));
    command.addAll(arguments);
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
  }
}
