package dev.graft.worker.ray;

import dev.graft.platform.process.FileTrees;
import dev.graft.training.protocol.ProtocolLines;
import dev.graft.training.protocol.RunRequest;
import dev.graft.training.protocol.TrainerDirective;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The directory of a run that worker and cluster both see. {@code graft_ray.supervisor} says which
 * of them writes which of its files.
 */
record SharedRun(SubmissionId id, Path root) {
  static SharedRun of(Path shared, SubmissionId id) {
    return new SharedRun(id, shared.resolve("runs").resolve(id.toString()));
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
    // What this worker has placed are links of its own: they are followed.
    if (Files.isDirectory(from)) copy(from, to, FileVisitOption.FOLLOW_LINKS);
    else linkOrCopy(from.toRealPath(), to);
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

  /**
   * Takes what the run wrote over into a directory of this worker.
   *
   * @param to replaced
   */
  static void take(Path from, Path to) throws IOException {
    FileTrees.delete(to);
    copy(from, to);
  }

  /** Regular files alone: a link would name whatever this worker can read. */
  private static void copy(Path from, Path to, FileVisitOption... options) throws IOException {
    try (Stream<Path> tree = Files.walk(from, options)) {
      for (Path each : (Iterable<Path>) tree::iterator) {
        Path target = to.resolve(from.relativize(each).toString());
        boolean follows = options.length > 0;
        if (Files.isDirectory(each, links(follows))) Files.createDirectories(target);
        else if (Files.isRegularFile(each, links(follows))) {
          linkOrCopy(follows ? each.toRealPath() : each, target);
        }
      }
    }
  }

  private static LinkOption[] links(boolean follows) {
    return follows ? new LinkOption[0] : new LinkOption[] {LinkOption.NOFOLLOW_LINKS};
  }

  private static void linkOrCopy(Path from, Path to) throws IOException {
    try {
      Files.createLink(to, from);
    } catch (IOException | UnsupportedOperationException otherFileSystem) {
      Files.copy(from, to, LinkOption.NOFOLLOW_LINKS, StandardCopyOption.REPLACE_EXISTING);
    }
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

  void delete() throws IOException {
    FileTrees.delete(root);
  }

  private void publish(String name, String text) throws IOException {
    Path making = Files.writeString(root.resolve(name + ".part"), text);
    Files.move(
        making,
        root.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }
}
