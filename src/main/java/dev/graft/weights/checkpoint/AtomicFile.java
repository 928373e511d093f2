package dev.graft.weights.checkpoint;

import dev.graft.weights.tensor.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A file that appears under its name only when it is whole and on disk. */
public final class AtomicFile {
  private static final int PIECE = 64 << 20;

  private AtomicFile() {}

  /** Puts bytes into a new file. */
  @FunctionalInterface
  public interface Content {
    void write(FileChannel out) throws IOException;
  }

  /**
   * @throws UncheckedIOException if it cannot be written; what was there under its name stays then
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
      partial.toFile().delete(); // a tensor could not be given
      throw e;
    }
  }

  /** Writes a tensor, which must have as many bytes as announced. */
  public static void write(FileChannel out, TensorInfo info, MemorySegment bytes)
      throws IOException {
    if (bytes.byteSize() != info.bytes()) {
      throw new IllegalArgumentException(
          "tensor %s: %d bytes given, %d expected"
              .formatted(info.name(), bytes.byteSize(), info.bytes()));
    }
    for (long at = 0; at < bytes.byteSize(); at += PIECE) {
      long length = Math.min(PIECE, bytes.byteSize() - at);
      write(out, buffer(bytes.asSlice(at, length)));
    }
  }

  public static void write(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) out.write(bytes);
  }

  /** A segment over an array of other elements than bytes is no buffer by itself. */
  private static ByteBuffer buffer(MemorySegment bytes) {
    boolean copied = bytes.heapBase().isPresent() && !(bytes.heapBase().get() instanceof byte[]);
    return copied ? ByteBuffer.wrap(bytes.toArray(ValueLayout.JAVA_BYTE)) : bytes.asByteBuffer();
  }
}
