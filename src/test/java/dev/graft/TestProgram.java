package dev.graft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Programs among the tests, in JVMs that start fast and end soon. */
public final class TestProgram {
  private static final List<String> SHORT_LIVED =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private TestProgram() {}

  /** Its command line. */
  public static List<String> of(Class<?> program, String heap, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx" + heap);
    command.addAll(inJvm(program));
    command.addAll(List.of(arguments));
    return command;
  }

  /** What comes after the settings that the product gives a JVM. */
  public static List<String> inJvm(Class<?> program) {
    List<String> rest = new ArrayList<>(SHORT_LIVED);
    rest.add("-Dgraft.test.log=info");
    rest.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
    return rest;
  }

  /** Whether a word is in the command line of a process; it has the class path, too. */
  public static boolean runs(ProcessHandle process, String word) {
    try {
      Path line = Path.of("/proc", Long.toString(process.pid()), "cmdline");
      return process.isAlive() && Files.readString(line).contains(word);
    } catch (IOException ended) {
      return false;
    }
  }
}
