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

/** The meaning of a trainer's exit status and last event for its job. */
final class RunEnd {
  private static final int KILLED = 128 + 9;
  private static final int TERMINATED = 128 + 15;

  private static final String LARGER_HEAP = "Ask the operator to raise graft.worker.heap";

  private RunEnd() {}

  static boolean done(int status) {
    return TrainerExit.of(status) == TrainerExit.DONE;
  }

  /**
   * Returns the failure of a run; null if it ended as requested: done, stopped or cancelled.
   *
   * @param failed the trainer's last event, if it reported a failure
   * @param memoryRanOut whether the kernel killed a process for lack of memory during the run
   */
  static @Nullable TrainingFailure failure(
      int status, TrainingEvent.@Nullable Failed failed, boolean memoryRanOut) {
    return switch (TrainerExit.of(status)) {
      case DONE, STOPPED_AFTER_CHECKPOINT, CANCELLED -> null;
      case BAD_INPUT ->
          of(TrainingFailure.Kind.BAD_INPUT, failed, "The trainer refused its input", null);
      case OUT_OF_MEMORY ->
          of(
              TrainingFailure.Kind.OUT_OF_MEMORY,
              failed,
              "The trainer's Java heap is full",
              failed == null ? LARGER_HEAP : TrainingFailure.Kind.OUT_OF_MEMORY.hint());
      case TRANSIENT -> unexpected(status, failed, memoryRanOut);
    };
  }

  /** A kill from outside does not count against the job, unless memory ran out. */
  private static TrainingFailure unexpected(
      int status, TrainingEvent.@Nullable Failed failed, boolean memoryRanOut) {
    if (failed == null && status == KILLED && memoryRanOut) {
      return of(
          TrainingFailure.Kind.OUT_OF_MEMORY,
          null,
          "The machine ran out of memory, and the kernel killed the trainer",
          TrainingFailure.Kind.OUT_OF_MEMORY.hint());
    }
    boolean killed = failed == null && (status == KILLED || status == TERMINATED);
    return of(
        killed ? TrainingFailure.Kind.WORKER_LOST : TrainingFailure.Kind.TRANSIENT,
        failed,
        "The trainer stopped unexpectedly",
        null);
  }

  private static TrainingFailure of(
      TrainingFailure.Kind kind,
      TrainingEvent.@Nullable Failed failed,
      String otherwise,
      @Nullable String hint) {
    return new TrainingFailure(
        kind,
        failed == null ? otherwise : failed.message(),
        hint,
        failed == null ? null : failed.param());
  }

  /**
   * The part of a trainer's standard error that may be logged: stack frames and errors of the
   * device. Other lines may contain rows, such as messages of exceptions that quote what they could
   * not read, and are only counted.
   */
  static final class TrainerErrors {
    private static final int MOST_CHARS = 2048;

    /** More than a dump of all threads. */
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

    /** Errors of libtorch, CUDA and C++, at the beginning of a line. */
    private static final Pattern MACHINE =
        Pattern.compile(
            "(?:RuntimeError: |  what\\(\\):  )?(?:CUDA (?:error|out of memory)|NCCL error|cuDNN"
                + " error|CUBLAS_STATUS_|std::bad_alloc|terminate called after throwing).*");

    private TrainerErrors() {}

    /**
     * Returns the end of the file as it may be logged; if it has a thread dump, the thread that
     * trains. Empty if the file cannot be read.
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

    /** Returns the lines that may be logged, and the number of other lines. */
    static String loggable(String text) {
      List<String> all = text.lines().filter(line -> !line.isBlank()).toList();
      List<String> shown = all.stream().map(TrainerErrors::line).filter(l -> !l.isEmpty()).toList();
      int left = all.size() - shown.size();
      String lines = String.join("\n", shown);
      if (left == 0) return lines;
      return lines
          + (shown.isEmpty() ? "" : "\n")
          + "(%d lines that may hold data)".formatted(left);
    }

    private static String line(String line) {
      if (PLACES.stream().anyMatch(place -> place.matcher(line).matches())) return line;
      if (MACHINE.matcher(line).matches()) return line;
      Matcher exception = EXCEPTION.matcher(line);
      if (!exception.matches()) return "";
      return machines(exception.group(1)) ? line : line.substring(0, exception.end(1));
    }

    /** Messages of these exceptions quote no rows, unlike those of Graft and of parsers. */
    private static boolean machines(String exception) {
      return exception.startsWith("ai.djl.")
          || exception.startsWith("torch.")
          || exception.endsWith("Error") && exception.startsWith("java.lang.");
    }
  }

  /**
   * Counts how often the kernel killed a process for lack of memory, in the cgroup of this process:
   * {@code memory.events} of version 2, {@code memory.oom_control} of version 1. Without a cgroup
   * all such kills of the machine count.
   *
   * @param proc path of {@code /proc}
   * @param cgroups path of {@code /sys/fs/cgroup}
   */
  record MemoryKills(Path proc, Path cgroups) {
    private static final String KEY = "oom_kill ";

    static MemoryKills ofThisMachine() {
      return new MemoryKills(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
    }

    /** Returns the kills so far; 0 if they are not counted. */
    long count() {
      return Stream.concat(counters(), Stream.of(proc.resolve("vmstat")))
          .map(MemoryKills::count)
          .flatMap(Optional::stream)
          .findFirst()
          .orElse(0L);
    }

    /** In a container the directory of its own cgroup is the root of the mount. */
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
