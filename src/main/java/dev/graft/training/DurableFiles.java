package dev.graft.training;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** File operations that are on disk when the call returns. */
final class DurableFiles {
  private DurableFiles() {}

  static void write(Path file, byte[] content) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      // a full disk may accept a part without an error
      while (buffer.hasRemaining()) channel.write(buffer);
      channel.force(true);
    }
  }

  /** Renames a finished directory to its final name. */
  public static void publish(Path making, Path target) throws IOException {
    sync(making);
    Files.move(making, target, StandardCopyOption.ATOMIC_MOVE);
    Path parent = target.getParent();
    if (parent != null) sync(parent);
  }

  public static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Removes a directory tree, if it exists. */
  public static void delete(Path root) throws IOException {
    if (!Files.exists(root)) return;
    List<Path> all;
    try (Stream<Path> walk = Files.walk(root)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path each : all) Files.delete(each);
  }
}
