package dev.graft.kernels;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Asks {@code nvidia-smi}, which comes with the driver. A child process, so that a driver that
 * hangs or crashes takes nothing with it.
 *
 * @param directories where the program is looked for
 * @param patience seconds for each of its two answers; without persistence mode it initialises each
 *     GPU first
 */
record NvidiaSmi(List<Path> directories, long patience) {
  /** In this order; the name is last because it may hold anything. */
  static final String FIELDS =
      "uuid,driver_version,compute_cap,memory.total,memory.free,mig.mode.current,compute_mode,name";

  private static final long PATIENCE_SECONDS = 60;

  /** More than hundreds of GPUs say. */
  private static final int LONGEST_ANSWER = 1 << 20;

  /** Where it is beside the PATH: WSL, and nodes whose driver is mounted. */
  private static final List<String> ELSEWHERE =
      List.of("/usr/bin", "/usr/lib/wsl/lib", "/usr/local/nvidia/bin");

  static NvidiaSmi here() {
    String path = System.getenv().getOrDefault("PATH", "");
    List<Path> directories =
        Stream.concat(Stream.of(path.split(File.pathSeparator)), ELSEWHERE.stream())
            .filter(each -> !each.isEmpty())
            .map(Path::of)
            .toList();
    return new NvidiaSmi(directories, PATIENCE_SECONDS);
  }

  SmiAnswer ask() {
    return ask(
        program -> {
          Said rows = run(program, false, query(FIELDS));
          if (rows.status() != 0) return new SmiAnswer.Failed(rows.line());
          Said list = run(program, false, List.of("-L"));
          if (list.status() != 0) return new SmiAnswer.Failed(list.line());
          return new SmiAnswer.Told(rows.text(), list.text());
        });
  }

  /**
   * What the GPUs are doing, as {@link CudaUse#of} reads it. Does not end before the program has:
   * whoever asks again and again has one of it at most, even if the driver hangs.
   */
  SmiAnswer uses() {
    return ask(
        program -> {
          Said rows = run(program, true, query(CudaUse.FIELDS));
          if (rows.status() != 0) return new SmiAnswer.Failed(rows.line());
          return new SmiAnswer.Told(rows.text(), "");
        });
  }

  private static List<String> query(String fields) {
    return List.of("--query-gpu=" + fields, "--format=csv,noheader,nounits");
  }

  private interface Questions {
    SmiAnswer of(Path program) throws IOException, InterruptedException;
  }

  private SmiAnswer ask(Questions questions) {
    Optional<Path> program =
        directories.stream()
            .map(each -> each.resolve("nvidia-smi"))
            .filter(Files::isExecutable)
            .findFirst();
    if (program.isEmpty()) return new SmiAnswer.Missing();
    try {
      return questions.of(program.get());
    } catch (IOException e) {
      return new SmiAnswer.Failed(program.get() + " cannot be run: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new SmiAnswer.Failed("interrupted");
    }
  }

  private record Said(int status, String text) {
    String line() {
      return text.lines()
          .map(String::strip)
          .filter(each -> !each.isEmpty())
          .findFirst()
          .orElse("it ended with status " + status);
    }
  }

  /**
   * @param toItsEnd whether to wait for one that was killed, which a driver may keep
   */
  private Said run(Path program, boolean toItsEnd, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(arguments);
    Path output = Files.createTempFile("graft-nvidia-smi-", ".txt");
    try {
      Process child =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      child.getOutputStream().close();
      if (!child.waitFor(patience, TimeUnit.SECONDS)) {
        child.destroyForcibly();
        if (toItsEnd) child.waitFor();
        return new Said(-1, "it did not answer in " + patience + " s");
      }
      try (var in = Files.newInputStream(output)) {
        byte[] said = in.readNBytes(LONGEST_ANSWER);
        return new Said(child.exitValue(), new String(said, StandardCharsets.UTF_8));
      }
    } finally {
      Files.deleteIfExists(output);
    }
  }
}
