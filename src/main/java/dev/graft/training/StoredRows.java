package dev.graft.training;

import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Tokenised rows in a mapped file, outside the heap. The file is little-endian and has
 *
 * <ul>
 *   <li>the tokens of all rows, an int32 each: the id if it is trained, else {@code ~id};
 *   <li>for each row the end of its tokens (int64, in tokens), its line (int64), its border (int32;
 *       for pairs, which are two rows, the length of the prompt) and whether it was cut (int32);
 *   <li>a trailer that identifies a complete file.
 * </ul>
 */
final class StoredRows extends AbstractList<TokenizedRow> implements RandomAccess {
  static final int ENTRY = 24;
  static final int KEY = 64;
  static final int TRAILER = 64 + KEY;
  private static final long MAGIC = 0x31534B4F54464152L;
  private static final int CHECKED = 1 << 20;
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment tokens;
  private final MemorySegment entries;
  private final int size;
  private final Counts counts;

  /**
   * Counts of the rows of the file that are missing or incomplete here.
   *
   * @param dropped left without a trained token by the length limit
   * @param truncated rows that were cut
   * @param untrained complete rows without a trained token
   */
  public record Counts(int dropped, int truncated, int untrained) {}

  private StoredRows(MemorySegment tokens, MemorySegment entries, int size, Counts counts) {
    this.tokens = tokens;
    this.entries = entries;
    this.size = size;
    this.counts = counts;
  }

  /**
   * @param key of the rows' source, 64 characters
   * @return null if it is not a complete file of that key
   */
  public static @Nullable StoredRows open(Path file, String key) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long length = channel.size();
      if (length < TRAILER) return null;
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, length, Arena.ofAuto());
      MemorySegment trailer = all.asSlice(length - TRAILER);
      long rows = trailer.get(LONG, 8);
      long tokens = trailer.get(LONG, 16);
      byte[] written = trailer.asSlice(64, KEY).toArray(ValueLayout.JAVA_BYTE);
      boolean ours =
          trailer.get(LONG, 0) == MAGIC
              && new String(written, StandardCharsets.US_ASCII).equals(key)
              && rows >= 0
              && rows <= Integer.MAX_VALUE
              && tokens >= 0
              && tokens <= length / Integer.BYTES
              && length == tokens * Integer.BYTES + rows * ENTRY + TRAILER;
      if (!ours || trailer.get(LONG, 56) != checksum(all)) return null;
      long end = tokens * Integer.BYTES;
      return new StoredRows(
          all.asSlice(0, end),
          all.asSlice(end, rows * ENTRY),
          (int) rows,
          new Counts(trailer.get(INT, 24), trailer.get(INT, 28), trailer.get(INT, 32)));
    }
  }

  /** Returns the trailer of a file, without its checksum. */
  static ByteBuffer trailer(long rows, long tokens, Counts counts, String key) {
    byte[] name = key.getBytes(StandardCharsets.US_ASCII);
    if (name.length != KEY) throw new IllegalArgumentException("a key has 64 characters");
    ByteBuffer trailer = ByteBuffer.allocate(TRAILER).order(ByteOrder.LITTLE_ENDIAN);
    trailer.putLong(MAGIC).putLong(rows).putLong(tokens);
    trailer.putInt(counts.dropped()).putInt(counts.truncated()).putInt(counts.untrained());
    return trailer.position(64).put(name).rewind();
  }

  /** Returns the checksum of everything except the eight bytes that hold it. */
  private static long checksum(MemorySegment all) {
    CRC32C sum = new CRC32C();
    long trailer = all.byteSize() - TRAILER;
    for (long at = 0; at < trailer; at += CHECKED) {
      sum.update(all.asSlice(at, Math.min(CHECKED, trailer - at)).asByteBuffer());
    }
    sum.update(all.asSlice(trailer, 56).asByteBuffer());
    sum.update(all.asSlice(trailer + 64, KEY).asByteBuffer());
    return sum.getValue();
  }

  public Counts counts() {
    return counts;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public TokenizedRow get(int row) {
    long from = begin(row);
    int[] ids = slice(from, length(row));
    int[] labels = new int[ids.length];
    for (int t = 0; t < ids.length; t++) {
      boolean trained = ids[t] >= 0;
      if (!trained) ids[t] = ~ids[t];
      labels[t] = trained ? ids[t] : TokenizedRow.IGNORE;
    }
    long entry = (long) row * ENTRY;
    return new TokenizedRow(
        entries.get(LONG, entry + 8), ids, labels, entries.get(INT, entry + 20) != 0);
  }

  int length(int row) {
    return (int) (entries.get(LONG, (long) row * ENTRY) - begin(row));
  }

  private long begin(int row) {
    return row == 0 ? 0 : entries.get(LONG, (row - 1L) * ENTRY);
  }

  /** Returns the tokens of all rows. */
  long tokens() {
    return tokens.byteSize() / Integer.BYTES;
  }

  /** Returns tokens as stored, of one row or of several. */
  private int[] slice(long from, int length) {
    int[] found = new int[length];
    MemorySegment.copy(tokens, INT, from * Integer.BYTES, found, 0, length);
    return found;
  }

  /** Returns the ids of tokens, of one row or of several. */
  int[] ids(long from, int length) {
    int[] ids = slice(from, length);
    for (int t = 0; t < ids.length; t++) if (ids[t] < 0) ids[t] = ~ids[t];
    return ids;
  }

  /** Returns every two rows as a pair. */
  public List<TokenizedPair> pairs() {
    StoredRows rows = this;
    return new AbstractList<>() {
      @Override
      public TokenizedPair get(int pair) {
        int prompt = entries.get(INT, 2L * pair * ENTRY + 16);
        return new TokenizedPair(rows.get(2 * pair), rows.get(2 * pair + 1), prompt);
      }

      @Override
      public int size() {
        return rows.size() / 2;
      }
    };
  }

  /** Writes a file of {@link StoredRows}, which gets its name when it is complete. */
  static final class RowsWriter implements Closeable {
    /** Prefix of incomplete files. */
    public static final String MAKING = "making-";

    private static final int BUFFER = 1 << 16;

    private final Part tokens;
    private final Part entries;
    private long written;
    private long rows;

    /**
     * @param directory of the file
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
}
