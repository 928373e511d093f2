package dev.graft.worker;

import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.platform.FileEnd;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a trainer's exit status and last words mean for its job. */
final class RunEnd {
  private static final int KILLED = 128 + 9;
  private static final int TERMINATED = 128 + 15;

  private static final String LARGER_HEAP = "Ask the operator to raise graft.worker.heap";

  private RunEnd() {}

  static boolean done(int status) {
    return TrainerExit.of(status) == TrainerExit.DONE;
  }

  /**
   * Null if the run did as it was told: done, stopped or cancelled.
   *
   * @param memoryRanOut whether the kernel has killed something for that while the trainer ran
   */
  static @Nullable TrainingFailure failure(
      int status, TrainingEvent.@Nullable Failed said, boolean memoryRanOut) {
    return switch (TrainerExit.of(status)) {
      case DONE, STOPPED_AFTER_CHECKPOINT, CANCELLED -> null;
      case BAD_INPUT ->
          of(TrainingFailure.Kind.BAD_INPUT, said, "The trainer refused its input", null);
      case OUT_OF_MEMORY ->
          of(
              TrainingFailure.Kind.OUT_OF_MEMORY,
              said,
              "The trainer's Java heap is full",
              said == null ? LARGER_HEAP : TrainingFailure.Kind.OUT_OF_MEMORY.hint());
      case TRANSIENT -> unexpected(status, said, memoryRanOut);
    };
  }

  /** Killed from outside is no verdict on the job, unless its memory is why. */
  private static TrainingFailure unexpected(
      int status, TrainingEvent.@Nullable Failed said, boolean memoryRanOut) {
    if (said == null && status == KILLED && memoryRanOut) {
      return of(
          TrainingFailure.Kind.OUT_OF_MEMORY,
          null,
          "The machine's memory ran out, and the kernel killed the trainer",
          TrainingFailure.Kind.OUT_OF_MEMORY.hint());
    }
    boolean killed = said == null && (status == KILLED || status == TERMINATED);
    return of(
        killed ? TrainingFailure.Kind.WORKER_LOST : TrainingFailure.Kind.TRANSIENT,
        said,
        "The trainer stopped unexpectedly",
        null);
  }

  private static TrainingFailure of(
      TrainingFailure.Kind kind,
      TrainingEvent.@Nullable Failed said,
      String otherwise,
      @Nullable String hint) {
    return new TrainingFailure(
        kind, said == null ? otherwise : said.message(), hint, said == null ? null : said.param());
  }

  /**
   * What of a trainer's standard error is for the operator's log: where it was, and what went wrong
   * with the device. The rest may hold rows, as messages of exceptions do that say what they could
   * not read, and is only counted.
   */
  static final class TrainerErrors {
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

  /**
   * How often the kernel has killed a process because memory ran out, as the cgroup of this process
   * counts it: {@code memory.events} of version 2, {@code memory.oom_control} of version 1. Outside
   * of any, all such kills of the machine count.
   */
  static final class MemoryKills {
    private static final String KEY = "oom_kill ";

    private final Path proc;
    private final Path cgroups;

    /**
     * @param proc where {@code /proc} is
     * @param cgroups where {@code /sys/fs/cgroup} is
     */
    MemoryKills(Path proc, Path cgroups) {
      this.proc = proc;
      this.cgroups = cgroups;
    }

    static MemoryKills ofThisMachine() {
      return new MemoryKills(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
    }

    /** Kills so far; 0 where nothing counts them. */
    long count() {
      return Stream.concat(counters(), Stream.of(proc.resolve("vmstat")))
          .map(MemoryKills::count)
          .flatMap(Optional::stream)
          .findFirst()
          .orElse(0L);
    }

    /** In a container, the directory of its own cgroup is the root of what it sees. */
    private Stream<Path> counters() {
      for (String line : lines(proc.resolve("self/cgroup"))) {
        String[] parts = line.split(":", 3); // hierarchy, controllers, path
        if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
          return in(cgroups.resolve("memory"), parts[2], "memory.oom_control");
        }
      }
      for (String line : lines(proc.resolve("self/cgroup"))) {
        if (line.startsWith("0::")) return in(cgroups, line.substring(3), "memory.events");
      }
      return Stream.empty();
    }

    private static Stream<Path> in(Path mount, String path, String file) {
      return Stream.of(mount.resolve("." + path).resolve(file), mount.resolve(file));
    }

    private static Optional<Long> count(Path counters) {
      return lines(counters).stream()
          .filter(line -> line.startsWith(KEY))
          .map(line -> Long.parseLong(line.substring(KEY.length()).trim()))
          .findFirst();
    }

    private static List<String> lines(Path file) {
      try {
        return Files.readAllLines(file);
      } catch (IOException absent) {
        return List.of();
      }
    }
  }
}
