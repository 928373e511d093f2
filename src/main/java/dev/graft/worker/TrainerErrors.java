package dev.graft.worker;

import dev.graft.platform.FileEnd;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What of a trainer's standard error is for the operator's log: where it was, and what went wrong
 * with the device. The rest may hold rows, as messages of exceptions do that say what they could
 * not read, and is only counted.
 */
final class TrainerErrors {
  private static final int MOST_CHARS = 2048;

  /** A dump of all threads is shorter. */
  private static final int READ_BYTES = 256 << 10;

  private static final Pattern EXCEPTION =
      Pattern.compile(
          "(?:Caused by: |Exception in thread \"[^\"]*\" )?((?:[a-z_]\\w*\\.)+[A-Z]\\w*).*");

  /** Frames of Java and Python, dumps of threads, native crashes. */
  private static final List<Pattern> PLACES =
      List.of(
          Pattern.compile("\\s+at [\\w$.<>/]+\\(.*\\)"),
          Pattern.compile("\\s+- (?:locked|waiting|parking).*"),
          Pattern.compile("\\s+\\.\\.\\. \\d+ more"),
          Pattern.compile("\"[\\w -]+\" (?:#\\d+ )?.*"),
          Pattern.compile("   java\\.lang\\.Thread\\.State: \\w+.*"),
          Pattern.compile("  File \"[^\"]*\", line \\d+, in [\\w<>]+"),
          Pattern.compile("Traceback \\(most recent call last\\):"),
          Pattern.compile("#  .*"));

  /** What libtorch, CUDA and C++ say of themselves, at the beginning of a line. */
  private static final Pattern MACHINE =
      Pattern.compile(
          "(?:RuntimeError: |  what\\(\\):  )?(?:CUDA (?:error|out of memory)|NCCL error|cuDNN"
              + " error|CUBLAS_STATUS_|std::bad_alloc|terminate called after throwing).*");

  private TrainerErrors() {}

  /**
   * The end of the file as it may be logged; where the threads were dumped into it, the one that
   * trains. Empty if it cannot be read.
   */
  static String loggable(Path errors) {
    try {
      String end = FileEnd.lines(errors, READ_BYTES);
      int main = end.lastIndexOf("\n\"main\" ");
      if (main < 0) return loggable(end.substring(Math.max(0, end.length() - MOST_CHARS)));
      return loggable(end.substring(main + 1, Math.min(end.length(), main + 1 + MOST_CHARS)));
    } catch (IOException e) {
      return "";
    }
  }

  /** The lines of it that may be logged, and how many others there are. */
  static String loggable(String text) {
    List<String> all = text.lines().filter(line -> !line.isBlank()).toList();
    List<String> told = all.stream().map(TrainerErrors::line).filter(l -> !l.isEmpty()).toList();
    int left = all.size() - told.size();
    String lines = String.join("\n", told);
    if (left == 0) return lines;
    return lines + (told.isEmpty() ? "" : "\n") + "(%d lines that may hold data)".formatted(left);
  }

  private static String line(String line) {
    if (PLACES.stream().anyMatch(place -> place.matcher(line).matches())) return line;
    if (MACHINE.matcher(line).matches()) return line;
    Matcher exception = EXCEPTION.matcher(line);
    if (!exception.matches()) return "";
    return machines(exception.group(1)) ? line : line.substring(0, exception.end(1));
  }

  /** Those of Graft and of readers may quote a row. */
  private static boolean machines(String exception) {
    return exception.startsWith("ai.djl.")
        || exception.startsWith("torch.")
        || exception.endsWith("Error") && exception.startsWith("java.lang.");
  }
}
