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
 * The directory of a run that worker and cluster both see. {@code graft_ray.supervisor} says which
 * of them writes which of its files.
 */
record SharedRun(RayJobs.SubmissionId id, Path root) {
  private static final String DELETED = "deleted-";

  static SharedRun of(Path shared, RayJobs.SubmissionId id) {
    return new SharedRun(id, shared.resolve("runs").resolve(id.toString()));
  }

  /** Every run that has a directory there. */
  static List<SharedRun> all(Path shared) throws IOException {
    try (Stream<Path> directories = Files.list(shared.resolve("runs"))) {
      return directories
          .flatMap(each -> RayJobs.SubmissionId.read(each.getFileName().toString()).stream())
          .map(id -> of(shared, id))
          .toList();
    }
  }

  /**
   * Lays the files of a run out: links where the file system allows it, else copies. May be
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

  /** How the run writes it; not as this worker calls it. */
  Path output() {
    return root.resolve("result");
  }

  Path checkpoints() {
    return root.resolve("checkpoints");
  }

  Path events() {
    return root.resolve("events.jsonl");
  }

  /** Heard before the next micro-batch. */
  void direct(TrainerDirective directive) throws IOException {
    Files.writeString(
        root.resolve("directives.jsonl"),
        ProtocolLines.write(directive) + "\n",
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  /** That somebody follows the run; another number each time. */
  void beat(long number) throws IOException {
    publish("alive", Long.toString(number));
  }

  /** The exit status, once the run has said it. */
  OptionalInt end() throws IOException {
    try {
      String said = Files.readString(root.resolve("end.json"));
      return OptionalInt.of(JsonMapper.shared().readTree(said).path("status").asInt(1));
    } catch (NoSuchFileException notYet) {
      return OptionalInt.empty();
    } catch (JacksonException damaged) {
      throw new IOException("end.json of the run cannot be read", damaged);
    }
  }

  /** Out of the way first: what still runs finds it gone, and writes nothing more into it. */
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

  /** What was being deleted when its worker ended. */
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

  /** Files on their way into the directory of a run, and out of it. */
  static final class RunFiles {
    private static final Pattern STEP = Pattern.compile("step-([0-9]{8,9})");

    private RunFiles() {}

    /** Where the checkpoint after that step is, in a run's directory of them or in a worker's. */
    static Path checkpoint(Path checkpoints, int step) {
      return checkpoints.resolve("step-%08d".formatted(step));
    }

    /** The step of the newest whole one; 0 = there is none. */
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

    /** What this worker has placed are links of its own: they are followed. */
    static void lay(Path from, Path to) throws IOException {
      if (Files.isDirectory(from)) copy(from, to, true);
      else linkOrCopy(from.toRealPath(), to);
    }

    /**
     * Takes what a run wrote over: regular files alone, as a link would name whatever this worker
     * can read.
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

    /** A link where the file system allows it. */
    private static void linkOrCopy(Path from, Path to) throws IOException {
      try {
        Files.createLink(to, from);
      } catch (IOException | UnsupportedOperationException otherFileSystem) {
        Files.copy(from, to, LinkOption.NOFOLLOW_LINKS, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /** What a run has told and made so far, as this worker takes it over. */
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

    /** Hands over what is new; the exit status once the run has ended, its result taken. */
    OptionalInt look() throws IOException {
      OptionalInt end = run.end(); // before the events: none comes after it
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
      // By its name alone: it is where this run's are.
      int step = Math.toIntExact(checkpoint.step());
      Path from = RunFiles.checkpoint(run.checkpoints(), step);
      if (!Files.isDirectory(from)) return; // one that newer ones have replaced
      Path to = RunFiles.checkpoint(ours.checkpoints(), step);
      RunFiles.take(from, to);
      events.accept(new TrainingEvent.Checkpoint(checkpoint.step(), to.toString()));
    }
  }

  /** A file of events that another program writes, read line by line as it grows. */
  static final class EventTail {
    private static final Logger log = LoggerFactory.getLogger(EventTail.class);
    private static final int SLICE = 1 << 20;

    private final Path file;
    private long at;

    EventTail(Path file) {
      this.file = file;
    }

    /** Events whose lines have become whole since the last call, up to a megabyte of them. */
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
