package dev.graft.cli.doctor;

import dev.graft.platform.ChildProcess;
import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Whether libtorch loads and computes, asked of a child process: where it does not, it may end the
 * process.
 *
 * @param command that prints {@link dev.graft.model.LibtorchCheck.Result} as one JSON line
 * @param gpus how many the driver has that should compute
 */
record Libtorch(List<String> command, int gpus) implements Check {
  private static final long PATIENCE_SECONDS = 120;
  private static final String CURE =
      "run Graft on a linux-x86_64 machine with glibc 2.29 or newer, or in its container image";
  private static final String CUDA_CURE =
      "lay the CUDA build out again: graft libtorch fetch --again; to use the processor unset"
          + " GRAFT_LIBTORCH_CUDA_DIRECTORY";

  public Libtorch {
    command = List.copyOf(command);
  }

  @Override
  public String name() {
    return "libtorch";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    Path directory;
    try {
      directory = Files.createTempDirectory("graft-libtorch-");
    } catch (IOException e) {
      String temporary = System.getProperty("java.io.tmpdir");
      return List.of(
          CheckResult.missing(
              name(),
              temporary + " may not be written",
              "make it writable, libtorch needs it too"));
    }
    try {
      return List.of(run(directory));
    } finally {
      FileTrees.delete(directory);
    }
  }

  /**
   * @param directory for its output, and what Java writes where a process crashes
   */
  private CheckResult run(Path directory) throws IOException {
    Path output = directory.resolve("output");
    ProcessBuilder builder =
        ChildProcess.of(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().put("DJL_OFFLINE", "true");
    builder.environment().put("OPT_OUT_TRACKING", "true");
    Process child = builder.start();
    child.getOutputStream().close();
    if (!ended(child)) {
      child.destroyForcibly();
      return CheckResult.missing(
          name(), "it did not compute in %d s".formatted(PATIENCE_SECONDS), cure());
    }
    String said = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
    Optional<JsonNode> result = result(said);
    if (child.exitValue() == 0 && result.isPresent()) return found(result.get());
    return CheckResult.missing(
        name(), "it ended with status %d: %s".formatted(child.exitValue(), reason(said)), cure());
  }

  private String cure() {
    return gpus > 0 ? CUDA_CURE : CURE;
  }

  private static boolean ended(Process child) {
    try {
      return child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private CheckResult found(JsonNode result) {
    List<String> devices = result.path("devices").valueStream().map(JsonNode::asString).toList();
    String computes =
        "%s loads and computes on %s"
            .formatted(result.path("version").asString(), String.join(", ", devices));
    return gpus > 0 && devices.size() == 1
        ? CheckResult.warning(name(), computes + " only, and there are GPUs", CUDA_CURE)
        : CheckResult.ok(name(), computes);
  }

  /** Libraries may print before the line that is ours. */
  private static Optional<JsonNode> result(String said) {
    return said.lines()
        .filter(line -> line.startsWith("{"))
        .reduce((one, last) -> last)
        .flatMap(Libtorch::json);
  }

  private static Optional<JsonNode> json(String line) {
    try {
      return Optional.of(JsonMapper.shared().readTree(line));
    } catch (JacksonException notOurs) {
      return Optional.empty();
    }
  }

  private static String reason(String said) {
    return said.lines()
        .filter(line -> !line.isBlank())
        .filter(line -> line.startsWith("graft: ") || line.contains("SIG"))
        .findFirst()
        .or(() -> said.lines().filter(line -> !line.isBlank()).findFirst())
        .map(String::strip)
        .orElse("it said nothing");
  }
}
