package dev.graft.worker;

import dev.graft.platform.FileTrees;
import dev.graft.training.ProtocolLines;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import dev.graft.worker.SharedRun.RunFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The directory of a run that worker and cluster share. {@code graft_ray.supervisor} documents
 * which of them writes which file.
 */
record SharedRun(RayJobs.SubmissionId id, Path root) {
  private static final String DELETED = "deleted-";

  static SharedRun of(Path shared, RayJobs.SubmissionId id) {
    return new SharedRun(id, shared.resolve("runs").resolve(id.toString()));
  }

  /** Returns all runs that have a directory. */
  static List<SharedRun> all(Path shared) throws IOException {
    try (Stream<Path> directories = Files.list(shared.resolve("runs"))) {
      return directories
          .flatMap(each -> RayJobs.SubmissionId.read(each.getFileName().toString()).stream())
          .map(id -> of(shared, id))
          .toList();
    }
  }

  /**
   * Fills the run's directory, with links if the file system allows it, else with copies. May be
   * repeated until the request is there.
   */
  void lay(RunRequest request) throws IOException {
    Files.createDirectories(output());
    Files.createDirectories(checkpoints());
    RunRequest.Data data = request.data();
    RunRequest.Parent parent = request.parent();
    RunRequest here =
        new RunRequest(
            request.adapter(),
            request.seed(),
            new RunRequest.Base(laid(request.base().directory(), "base"), request.base().name()),
            new RunRequest.Data(
                laid(data.trainingFile(), "training.jsonl"),
                laidIfAny(data.validationFile(), "validation.jsonl")),
            new RunRequest.Directories(
                output(), checkpoints(), laidIfAny(request.directories().resumeFrom(), "resume")),
            parent == null
                ? null
                : new RunRequest.Parent(parent.name(), laidIfAny(parent.directory(), "start")),
            request.machine());
    publish("request.json", ProtocolLines.write(here));
  }

  boolean exists() {
    return Files.isRegularFile(root.resolve("request.json"));
  }

  private @Nullable Path laidIfAny(@Nullable Path from, String name) throws IOException {
    return from == null ? null : laid(from, name);
  }

  private Path laid(Path from, String name) throws IOException {
    Path to = root.resolve(name);
    FileTrees.delete(to);
    RunFiles.lay(from, to);
    return to;
  }

  /** Directory of the result, by its name on the cluster. */
  Path output() {
    return root.resolve("result");
  }

  Path checkpoints() {
    return root.resolve("checkpoints");
  }

  Path events() {
    return root.resolve("events.jsonl");
  }

  /** Sends a directive, which the run reads before its next micro-batch. */
  void direct(TrainerDirective directive) throws IOException {
    Files.writeString(
        root.resolve("directives.jsonl"),
        ProtocolLines.write(directive) + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** Shows the run that a worker follows it, by a new number each time. */
  void beat(long number) throws IOException {
    publish("alive", Long.toString(number));
  }

  /** Returns the exit status; empty until the run has written it. */
  OptionalInt end() throws IOException {
    try {
      String json = Files.readString(root.resolve("end.json"));
      return OptionalInt.of(JsonMapper.shared().readTree(json).path("status").asInt(1));
    } catch (NoSuchFileException notYet) {
      return OptionalInt.empty();
    } catch (JacksonException damaged) {
      throw new IOException("end.json of the run cannot be read", damaged);
    }
  }

  /**
   * Deletes the directory. It is renamed first, so that a process that still runs writes no more.
   */
  void delete() throws IOException {
    Path gone = root.resolveSibling(DELETED + id);
    FileTrees.delete(gone);
    try {
      Files.move(root, gone, StandardCopyOption.ATOMIC_MOVE);
    } catch (NoSuchFileException deletedBefore) {
      return;
    }
    FileTrees.delete(gone);
  }

  /** Deletes directories whose deletion was interrupted. */
  static void deleteRests(Path shared) throws IOException {
    try (Stream<Path> directories = Files.list(shared.resolve("runs"))) {
      for (Path each : directories.toList()) {
        if (each.getFileName().toString().startsWith(DELETED)) FileTrees.delete(each);
      }
    }
  }

  private void publish(String name, String text) throws IOException {
    Path making = Files.writeString(root.resolve(name + ".part"), text);
    Files.move(
        making,
        root.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  /** Copies files into the directory of a run, and out of it. */
  static final class RunFiles {
    private static final Pattern STEP = Pattern.compile("step-([0-9]{8,9})");

    private RunFiles() {}

    /** Returns the directory of the checkpoint after that step, of a run or of a worker. */
    static Path checkpoint(Path checkpoints, int step) {
      return checkpoints.resolve("step-%08d".formatted(step));
    }

    /** Returns the step of the newest complete checkpoint; 0 = there is none. */
    static int newestCheckpoint(Path checkpoints) throws IOException {
      if (!Files.isDirectory(checkpoints)) return 0;
      try (Stream<Path> all = Files.list(checkpoints)) {
        return all.map(each -> STEP.matcher(each.getFileName().toString()))
            .filter(Matcher::matches)
            .mapToInt(name -> Integer.parseInt(name.group(1)))
            .max()
            .orElse(0);
      }
    }

    /** Copies files into the directory. Follows links, because this worker made them. */
    static void lay(Path from, Path to) throws IOException {
      if (Files.isDirectory(from)) copy(from, to, true);
      else linkOrCopy(from.toRealPath(), to);
    }

    /**
     * Copies the regular files that a run wrote. Links are left out, because they could lead to any
     * file that this worker can read.
     *
     * @param to replaced
     */
    static void take(Path from, Path to) throws IOException {
      FileTrees.delete(to);
      copy(from, to, false);
    }

    private static void copy(Path from, Path to, boolean follows) throws IOException {
      FileVisitOption[] visits =
          follows ? new FileVisitOption[] {FileVisitOption.FOLLOW_LINKS} : new FileVisitOption[0];
      LinkOption[] links =
          follows ? new LinkOption[0] : new LinkOption[] {LinkOption.NOFOLLOW_LINKS};
      try (Stream<Path> tree = Files.walk(from, visits)) {
        for (Path each : (Iterable<Path>) tree::iterator) {
          Path target = to.resolve(from.relativize(each).toString());
          if (Files.isDirectory(each, links)) Files.createDirectories(target);
          else if (Files.isRegularFile(each, links)) {
            linkOrCopy(follows ? each.toRealPath() : each, target);
          }
        }
      }
    }

    /** Links a file if the file system allows it, else copies it. */
    private static void linkOrCopy(Path from, Path to) throws IOException {
      try {
        Files.createLink(to, from);
      } catch (IOException | UnsupportedOperationException otherFileSystem) {
        Files.copy(from, to, LinkOption.NOFOLLOW_LINKS, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /** Reads the events and files of a run as it makes them. */
  static final class FollowedRun {
    private final SharedRun run;
    private final RunRequest.Directories ours;
    private final Consumer<TrainingEvent> events;
    private final EventTail tail;

    /**
     * @param request with the directories of this worker
     */
    FollowedRun(SharedRun run, RunRequest request, Consumer<TrainingEvent> events) {
      this.run = run;
      this.ours = request.directories();
      this.events = events;
      this.tail = new EventTail(run.events());
    }

    /**
     * Passes on new events; returns the exit status once the run has ended and its result is
     * copied.
     */
    OptionalInt look() throws IOException {
      OptionalInt end = run.end(); // before the events, because none follows the end
      for (List<TrainingEvent> some = tail.next(); !some.isEmpty(); some = tail.next()) {
        for (TrainingEvent event : some) hand(event);
      }
      if (end.isPresent() && end.getAsInt() == TrainerExit.DONE.status()) {
        RunFiles.take(run.output(), ours.output());
      }
      return end;
    }

    private void hand(TrainingEvent event) throws IOException {
      if (!(event instanceof TrainingEvent.Checkpoint checkpoint)) {
        events.accept(event);
        return;
      }
      // The path is another one on the cluster; only the name counts.
      int step = Math.toIntExact(checkpoint.step());
      Path from = RunFiles.checkpoint(run.checkpoints(), step);
      if (!Files.isDirectory(from)) return; // newer checkpoints have replaced it
      Path to = RunFiles.checkpoint(ours.checkpoints(), step);
      RunFiles.take(from, to);
      events.accept(new TrainingEvent.Checkpoint(checkpoint.step(), to.toString()));
    }
  }

  /** Reads a file of events line by line while another program writes it. */
  static final class EventTail {
    private static final Logger log = LoggerFactory.getLogger(EventTail.class);
    private static final int SLICE = 1 << 20;

    private final Path file;
    private long at;

    EventTail(Path file) {
      this.file = file;
    }

    /** Returns the events of lines that were completed since the last call, up to a megabyte. */
    List<TrainingEvent> next() throws IOException {
      byte[] bytes = slice();
      List<TrainingEvent> events = new ArrayList<>();
      int begin = 0;
      for (int i = 0; i < bytes.length; i++) {
        if (bytes[i] != '\n') continue;
        read(new String(bytes, begin, i - begin, StandardCharsets.UTF_8), events);
        begin = i + 1;
      }
      if (begin == 0 && bytes.length == SLICE) begin = SLICE; // no event is as long as that
      at += begin;
      return events;
    }

    private byte[] slice() throws IOException {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.clamp(channel.size() - at, 0, SLICE));
        while (buffer.hasRemaining() && channel.read(buffer, at + buffer.position()) > 0) {}
        byte[] read = new byte[buffer.position()];
        buffer.flip().get(read);
        return read;
      } catch (NoSuchFileException notYet) {
        return new byte[0];
      }
    }

    private void read(String line, List<TrainingEvent> events) {
      try {
        events.add(ProtocolLines.readEvent(line));
      } catch (IllegalArgumentException notOurs) {
        log.atWarn()
            .addKeyValue("trainer", file)
            .addKeyValue("chars", line.length())
            .log("trainer_line_ignored");
      }
    }
  }
}
