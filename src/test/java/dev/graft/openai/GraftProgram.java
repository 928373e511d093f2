package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * {@code graft} as a program of its own.
 *
 * @param directory where it runs; its login and its data directory are there, too
 */
public record GraftProgram(Path directory) {
  /** How it ended, and what it said. */
  public record Ran(int status, String out, String error) {}

  public Ran run(String input, List<String> arguments) throws Exception {
    return run(Map.of(), input, arguments);
  }

  public Ran run(Map<String, String> environment, String input, List<String> arguments)
      throws Exception {
    Path out = directory.resolve("out.txt");
    Path error = directory.resolve("error.txt");
    Process process =
        builder(environment, arguments)
            .redirectOutput(out.toFile())
            .redirectError(error.toFile())
            .start();
    try (var to = process.outputWriter()) {
      to.write(input);
    }
    assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
    return new Ran(process.exitValue(), Files.readString(out), Files.readString(error));
  }

  public ProcessBuilder builder(Map<String, String> environment, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add("dev.graft.cli.GraftCommand");
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().keySet().removeIf(n -> n.startsWith("GRAFT_") || n.startsWith("OPENAI_"));
    builder.environment().put("XDG_CONFIG_HOME", directory.toString());
    builder.environment().put("GRAFT_DATA_DIR", directory.resolve("data").toString());
    builder.environment().putAll(environment);
    return builder;
  }
}
