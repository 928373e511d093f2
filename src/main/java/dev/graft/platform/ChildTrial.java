package dev.graft.platform;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Small programs that tell at once what this machine allows. */
final class ChildTrial {
  private static final int PATIENCE_SECONDS = 10;

  /** Says the first argument that it cannot read or, of a directory, cannot pass. */
  private static final String READS =
      "for f; do test -r \"$f\" || { test -d \"$f\" && test -x \"$f\"; }"
          + " || { echo \"$f cannot be read\"; exit 1; }; done";

  private ChildTrial() {}

  record Said(int status, String text) {}

  /** Status -1: it cannot be started, or did not end. */
  static Said run(List<String> command) {
    try {
      Process process = ChildProcess.of(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return new Said(-1, command.getFirst() + " did not end");
      }
      byte[] text = process.getInputStream().readAllBytes();
      return new Said(process.exitValue(), new String(text, StandardCharsets.UTF_8));
    } catch (IOException e) {
      return new Said(-1, command.getFirst() + " cannot be run");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Said(-1, "interrupted");
    }
  }

  /**
   * @param prefix of the command of a child
   * @param needed files that it reads, directories that it passes
   * @return what a child started so lacks, in one line; null = nothing
   */
  static @Nullable String lack(List<String> prefix, List<String> needed) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(List.of("sh", "-c", READS, "sh"));
    command.addAll(needed);
    Said said = run(command);
    if (said.status() == 0) return null;
    return said.text().lines().findFirst().orElse(prefix.getFirst() + " is not allowed here");
  }
}
