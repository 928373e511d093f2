package dev.graft.training;

import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** Writes a file of {@link StoredRows}, which gets its name when it is whole. */
final class RowsWriter implements Closeable {
  /** What a file is called that is not. */
  public static final String MAKING = "making-";

  private static final int BUFFER = 1 << 16;

  private final Part tokens;
  private final Part entries;
  private long written;
  private long rows;

  /**
   * @param directory where it will be
   */
  public RowsWriter(Path directory) throws IOException {
    Files.createDirectories(directory);
    tokens = new Part(Files.createTempFile(directory, MAKING, ".tokens"));
    entries = new Part(Files.createTempFile(directory, MAKING, ".entries"));
  }

  public void add(TokenizedRow row) throws IOException {
    add(row, 0);
  }

  public void add(TokenizedPair pair) throws IOException {
    add(pair.chosen(), pair.promptLength());
    add(pair.rejected(), pair.promptLength());
  }

  private void add(TokenizedRow row, int border) throws IOException {
    for (int t = 0; t < row.ids().length; t++) {
      int id = row.ids()[t];
      tokens.space(Integer.BYTES).putInt(row.labels()[t] == TokenizedRow.IGNORE ? ~id : id);
    }
    written += row.ids().length;
    rows++;
    entries
        .space(StoredRows.ENTRY)
        .putLong(written)
        .putLong(row.line())
        .putInt(border)
        .putInt(row.cut() ? 1 : 0);
  }

  /**
   * @param key of the file, see {@link StoredRows#open}
   */
  public void publish(Path file, StoredRows.Counts counts, String key) throws IOException {
    tokens.flush();
    entries.flush();
    entries.channel.position(0);
    while (entries.channel.read(entries.buffer.clear()) > 0) tokens.write(entries.buffer.flip());
    ByteBuffer trailer = StoredRows.trailer(rows, written, counts, key);
    tokens.sum.update(trailer.duplicate().limit(56));
    tokens.sum.update(trailer.duplicate().position(64));
    trailer.putLong(56, tokens.sum.getValue());
    while (trailer.hasRemaining()) tokens.channel.write(trailer);
    tokens.channel.force(true);
    Files.move(tokens.file, file, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void close() throws IOException {
    tokens.close();
    entries.close();
  }

  /** A file that is written through a buffer. */
  private static final class Part implements Closeable {
    private final Path file;
    private final FileChannel channel;
    private final CRC32C sum = new CRC32C();
    private final ByteBuffer buffer =
        ByteBuffer.allocateDirect(BUFFER).order(ByteOrder.LITTLE_ENDIAN);

    Part(Path file) throws IOException {
      this.file = file;
      channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    ByteBuffer space(int bytes) throws IOException {
      if (buffer.remaining() < bytes) flush();
      return buffer;
    }

    void flush() throws IOException {
      write(buffer.flip());
      buffer.clear();
    }

    void write(ByteBuffer bytes) throws IOException {
      sum.update(bytes.duplicate());
      while (bytes.hasRemaining()) channel.write(bytes);
    }

    @Override
    public void close() throws IOException {
      channel.close();
      Files.deleteIfExists(file);
    }
  }
}
