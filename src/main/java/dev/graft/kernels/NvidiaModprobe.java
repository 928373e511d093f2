package dev.graft.kernels;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Has the file by which CUDA reaches memory made, once after a machine has started. CUDA would have
 * it made by the same program of the driver, which gains privileges for it; a child gains none.
 *
 * @param program {@code nvidia-modprobe}
 * @param file that it makes
 */
record NvidiaModprobe(Path program, Path file) {
  private static final long PATIENCE_SECONDS = 60;

  static NvidiaModprobe here() {
    return new NvidiaModprobe(Path.of("/usr/bin/nvidia-modprobe"), Path.of("/dev/nvidia-uvm"));
  }

  /** Where it cannot be made, the trainer says what it lacks. */
  void run() {
    if (Files.exists(file) || !Files.isExecutable(program)) return;
    try {
      Process child =
          new ProcessBuilder(List.of(program.toString(), "-u", "-c", "0"))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!child.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) child.destroyForcibly();
    } catch (IOException none) {
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
