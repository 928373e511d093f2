package dev.graft.worker;

import dev.graft.platform.FileTrees;
import dev.graft.training.ProtocolLines;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
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
  private static final String DELETED = "deleted-";

  static SharedRun of(Path shared, SubmissionId id) {
    return new SharedRun(id, shared.resolve("runs").resolve(id.toString()));
  }

  /** Every run that has a directory there. */
  static List<SharedRun> all(Path shared) throws IOException {
    try (Stream<Path> directories = Files.list(shared.resolve("runs"))) {
      return directories
          .flatMap(each -> SubmissionId.read(each.getFileName().toString()).stream())
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
}
