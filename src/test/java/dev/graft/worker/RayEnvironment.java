package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A Python environment with the package of {@code engines/ray} and what it needs: that of {@code
 * -Dpython=...}, else one that is made in {@code target}, once.
 */
public final class RayEnvironment {
  public static final Path ENGINE = Path.of("engines/ray").toAbsolutePath();
  private static final Path SCRATCH = Path.of("target/ray-environment").toAbsolutePath();

  /** What the build says where nobody does. */
  private static final String DEFAULT = "python3";

  private RayEnvironment() {}

  public static Path python() throws Exception {
    String given = System.getProperty("python", DEFAULT);
    if (!given.equals(DEFAULT)) return Path.of(given).toAbsolutePath();
    Path python = SCRATCH.resolve("bin/python");
    Path whole = SCRATCH.resolve("whole");
    if (Files.exists(whole)) return python;
    run(List.of(DEFAULT, "-m", "venv", SCRATCH.toString()), Path.of("").toAbsolutePath());
    run(List.of(python.toString(), "-m", "pip", "install", "-q", ".[ray,test]"), ENGINE);
    Files.createFile(whole);
    return python;
  }

  /** What it said; it must end well. */
  public static String run(List<String> command, Path directory) throws Exception {
    Path said = Files.createTempFile("ray-", ".log");
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().put("PYTHONPATH", ENGINE.resolve("src").toString());
    Process process = builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
    boolean ended = process.waitFor(20, TimeUnit.MINUTES);
    if (!ended) process.destroyForcibly().waitFor();
    String text = Files.readString(said);
    Files.delete(said);
    assertThat(ended && process.exitValue() == 0).as("%s", text).isTrue();
    return text;
  }
}
