package dev.graft.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Writes files that appear under their name only when they are complete and on disk. */
public final class AtomicFile {
  private AtomicFile() {}

  /** Writes the content of a new file. */
  @FunctionalInterface
  public interface Content {
    void write(FileChannel out) throws IOException;
  }

  /**
   * @throws UncheckedIOException if the file cannot be written; an existing file is kept then
   */
  public static void write(Path file, Content content) {
    Path partial = file.resolveSibling(file.getFileName() + ".partial");
    try {
      try (FileChannel out =
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        content.write(out);
        out.force(true);
      }
      Files.move(
          partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      partial.toFile().delete();
      throw new UncheckedIOException("cannot write " + file.getFileName(), e);
    } catch (RuntimeException e) {
      partial.toFile().delete(); // the content failed
      throw e;
    }
  }

  /** Writes a tensor slice by slice; it must have the announced number of bytes. */
  public static void write(FileChannel out, TensorInfo info, TensorData data) throws IOException {
    write(out, info.name(), info.bytes(), data);
  }

  /** Writes a tensor of any type. */
  public static void write(FileChannel out, String name, long bytes, TensorData data)
      throws IOException {
    long size = data.byteSize();
    if (size != bytes) {
      throw new IllegalArgumentException(
          "tensor %s has %d bytes, but %d are expected".formatted(name, size, bytes));
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment slice = arena.allocate(Math.min(TensorData.SLICE, size));
      for (long at = 0; at < size; at += TensorData.SLICE) {
        MemorySegment part = slice.asSlice(0, Math.min(TensorData.SLICE, size - at));
        data.copyTo(at, part);
        write(out, part.asByteBuffer());
      }
    }
  }

  public static void write(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) out.write(bytes);
  }
}
