package dev.graft.platform;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Reads the end of a file, which may be long and may be written meanwhile. */
public final class FileEnd {
  private FileEnd() {}

  /** Returns the last complete lines, at most {@code mostBytes} bytes. */
  public static String lines(Path file, int mostBytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      long begin = Math.max(0, size - mostBytes);
      ByteBuffer bytes = ByteBuffer.allocate((int) (size - begin));
      while (bytes.hasRemaining() && channel.read(bytes, begin + bytes.position()) > 0) {}
      String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
      return begin == 0 ? text : text.substring(text.indexOf('\n') + 1);
    }
  }
}
