package dev.graft.datasets.parquet;

import dev.graft.datasets.parquet.Footer.RowGroup.Chunk;
import dev.graft.datasets.parquet.PageValues.RunLengths;
import dev.graft.datasets.parquet.SchemaTree.SchemaNode.Scalar;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** Reads a column of a row group value by value, with one page in memory. */
final class ColumnCursor {
  /** Statistics in a header may be long; most are not. */
  private static final int[] HEADERS = {4 << 10, 1 << 20};

  private final ParquetLines.ParquetBytes file;
  private final Scalar leaf;
  private final Codec codec;
  private final PageMemory memory;
  private final long end;
  private long at;

  private PageValues.@Nullable Dictionary dictionary;
  private @Nullable Levels page;
  private long held;
  private int left;

  private boolean there;
  private int repetition;
  private int definition;
  private int size;

  /** What a page has beside its values. */
  private record Levels(
      @Nullable RunLengths repetition, @Nullable RunLengths definition, PageValues values) {}

  ColumnCursor(ParquetLines.ParquetBytes file, Scalar leaf, Chunk chunk, PageMemory memory)
      throws IOException {
    this.file = file;
    this.leaf = leaf;
    this.memory = memory;
    codec = Footer.SchemaElement.one(Codec.values(), chunk.codec());
    at = chunk.start();
    end = chunk.start() + chunk.bytes();
    advance();
  }

  Scalar leaf() {
    return leaf;
  }

  /**
   * Returns whether there is a value, to which {@link #repetition} and {@link #definition} apply.
   */
  boolean isThere() {
    return there;
  }

  int repetition() {
    return repetition;
  }

  int definition() {
    return definition;
  }

  /** Returns the approximate size of the value taken last, in bytes. */
  int size() {
    return size;
  }

  /** Returns the value as in JSON, or null, and moves to the next. */
  @Nullable Object take() throws IOException {
    if (!there) throw UnreadableParquet.damaged("it has fewer values than rows");
    Object value = null;
    size = 1;
    if (page != null && definition == leaf.definition()) {
      Object there = page.values().next();
      if (there instanceof ByteBuffer bytes) size += bytes.remaining();
      value = leaf.type().json(there);
    }
    advance();
    return value;
  }

  private void advance() throws IOException {
    there = false;
    while (left == 0) {
      if (at == end) return;
      readPage();
    }
    if (page == null) return;
    left--;
    RunLengths repetitions = page.repetition();
    RunLengths definitions = page.definition();
    repetition = repetitions == null ? 0 : repetitions.next();
    definition = definitions == null ? 0 : definitions.next();
    if (repetition > leaf.repetition() || definition > leaf.definition()) {
      throw UnreadableParquet.damaged("a page has levels that its schema does not have");
    }
    there = true;
  }

  private void readPage() throws IOException {
    memory.give(held);
    held = 0;
    PageHeader header = header();
    long body = at + header.length();
    if (header.packed() > end - body) {
      throw UnreadableParquet.damaged("a page ends behind its column");
    }
    at = body + header.packed();
    if (header.kind() == PageHeader.Kind.INDEX) return;
    memory.unpack(header.unpacked());
    memory.take((long) header.packed() + header.unpacked());
    held = (long) header.packed() + header.unpacked();
    byte[] packed = file.read(body, header.packed());
    check(header, packed);
    if (header.kind() == PageHeader.Kind.DICTIONARY) {
      byte[] words = codec.unpack(packed, 0, header.unpacked());
      // stays; and so do the places of its words
      memory.take(words.length);
      held -= words.length;
      dictionary = PageValues.Dictionary.of(leaf.physical(), words, header.values());
      return;
    }
    left = header.values();
    page =
        header.kind() == PageHeader.Kind.DATA_V2 ? second(header, packed) : first(header, packed);
  }

  private PageHeader header() throws IOException {
    for (int most : HEADERS) {
      byte[] bytes = file.read(at, (int) Math.min(most, end - at));
      try {
        return PageHeader.read(new ThriftReader(bytes));
      } catch (EOFException cut) {
        if (bytes.length == end - at) break;
      }
    }
    throw UnreadableParquet.damaged("a page's header is cut off");
  }

  private static void check(PageHeader header, byte[] packed) throws UnreadableParquet {
    if (packed.length < header.packed()) throw UnreadableParquet.cutOff();
    Integer declared = header.crc();
    if (declared == null) return;
    CRC32 crc = new CRC32();
    crc.update(packed);
    if ((int) crc.getValue() != declared) {
      throw UnreadableParquet.damaged("a page does not match its checksum");
    }
  }

  /** Levels and values are packed together, each after its length. */
  private Levels first(PageHeader header, byte[] packed) throws IOException {
    byte[] body = codec.unpack(packed, 0, header.unpacked());
    memory.give(packed.length);
    held -= packed.length;
    int[] next = {0};
    RunLengths repetitions = levels(body, next, leaf.repetition());
    RunLengths definitions = levels(body, next, leaf.definition());
    return new Levels(
        repetitions,
        definitions,
        PageValues.of(
            header.encoding(), leaf.physical(), body, next[0], header.values(), dictionary));
  }

  private static @Nullable RunLengths levels(byte[] body, int[] next, int highest)
      throws UnreadableParquet {
    if (highest == 0) return null;
    int length = (int) new PageValues.BitReader(body, next[0], body.length).bits(Integer.SIZE);
    int from = next[0] + Integer.BYTES;
    if (length < 0 || length > body.length - from) throw UnreadableParquet.cutOff();
    next[0] = from + length;
    return new RunLengths(body, from, from + length, width(highest));
  }

  /** Levels are before the packed values. */
  private Levels second(PageHeader header, byte[] packed) throws IOException {
    int repetitionBytes = Math.max(0, header.repetitionBytes());
    int definitionBytes = Math.max(0, header.definitionBytes());
    long levels = (long) repetitionBytes + definitionBytes;
    if (levels > packed.length || levels > header.unpacked()) throw UnreadableParquet.cutOff();
    int from = (int) levels;
    byte[] body =
        header.compressed()
            ? codec.unpack(packed, from, header.unpacked() - from)
            : Arrays.copyOfRange(packed, from, packed.length);
    return new Levels(
        leaf.repetition() == 0
            ? null
            : new RunLengths(packed, 0, repetitionBytes, width(leaf.repetition())),
        leaf.definition() == 0
            ? null
            : new RunLengths(packed, repetitionBytes, from, width(leaf.definition())),
        PageValues.of(header.encoding(), leaf.physical(), body, 0, header.values(), dictionary));
  }

  private static int width(int highest) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(highest);
  }

  /**
   * The header of a page.
   *
   * @param length of the header
   * @param unpacked declared size of the page when unpacked, in bytes
   * @param packed size of the page in the file, in bytes
   * @param crc of the packed bytes; null = none
   * @param values number of values, including nulls
   * @param encoding by its number
   * @param definitionBytes of its levels, which are before the packed values; -1 = within them
   * @param repetitionBytes the same
   * @param compressed whether its values are packed
   */
  record PageHeader(
      Kind kind,
      int length,
      int unpacked,
      int packed,
      @Nullable Integer crc,
      int values,
      int encoding,
      int definitionBytes,
      int repetitionBytes,
      boolean compressed) {

    /** As they are numbered. */
    enum Kind {
      DATA,
      INDEX,
      DICTIONARY,
      DATA_V2
    }

    static PageHeader read(ThriftReader in) throws IOException {
      Kind kind = Kind.INDEX;
      int unpacked = 0;
      int packed = 0;
      Integer crc = null;
      Inner inner = Inner.NONE;
      in.begin();
      for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
        switch (id) {
          case 1 -> kind = Footer.SchemaElement.one(Kind.values(), in.integer());
          case 2 -> unpacked = in.smallCount();
          case 3 -> packed = in.smallCount();
          case 4 -> crc = (int) in.integer();
          case 5, 7 -> inner = Inner.first(in);
          case 8 -> inner = Inner.second(in);
          default -> in.skip();
        }
      }
      return new PageHeader(
          kind,
          in.position(),
          unpacked,
          packed,
          crc,
          inner.values,
          inner.encoding,
          inner.definitionBytes,
          inner.repetitionBytes,
          inner.compressed);
    }

    /** What it says by its kind. */
    private record Inner(
        int values, int encoding, int definitionBytes, int repetitionBytes, boolean compressed) {
      static final Inner NONE = new Inner(0, 0, -1, -1, true);

      static Inner first(ThriftReader in) throws IOException {
        int values = 0;
        int encoding = 0;
        in.begin();
        for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
          switch (id) {
            case 1 -> values = in.smallCount();
            case 2 -> encoding = in.smallCount();
            default -> in.skip();
          }
        }
        return new Inner(values, encoding, -1, -1, true);
      }

      static Inner second(ThriftReader in) throws IOException {
        int values = 0;
        int encoding = 0;
        int definitionBytes = 0;
        int repetitionBytes = 0;
        boolean compressed = true;
        in.begin();
        for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
          switch (id) {
            case 1 -> values = in.smallCount();
            case 4 -> encoding = in.smallCount();
            case 5 -> definitionBytes = in.smallCount();
            case 6 -> repetitionBytes = in.smallCount();
            case 7 -> compressed = in.truth();
            default -> in.skip();
          }
        }
        return new Inner(values, encoding, definitionBytes, repetitionBytes, compressed);
      }
    }
  }

  /** Limits the memory for unpacked pages: at the same time, and in total. */
  static final class PageMemory {
    private static final long LEAST = 16L << 20;
    private static final long MOST = 256L << 20;

    /** At once; what text that is packed grows to, and more. */
    private static final int RATIO = 16;

    /** Of all, as of files that are packed. */
    private static final int INFLATION = 100;

    private final long most;
    private final long mostInAll;
    private long held;
    private long all;

    /** By the file's length: many small files may be read at once, but few large ones. */
    PageMemory(long fileLength) {
      most = Math.clamp(fileLength * RATIO, LEAST, MOST);
      mostInAll = Math.max(LEAST, fileLength * INFLATION);
    }

    /** Releases all memory. */
    void clear() {
      held = 0;
    }

    /** Counts a page before it is unpacked. */
    void unpack(int bytes) throws UnreadableParquet {
      all += bytes;
      if (all > mostInAll) {
        throw UnreadableParquet.because("grows to more than %d times its size", INFLATION);
      }
    }

    void take(long bytes) throws UnreadableParquet {
      held += bytes;
      if (held > most) {
        throw UnreadableParquet.because(
            "has Parquet pages that are too large, with more than %d bytes for one row: write it with"
                + " pages of 1 MiB (data_page_size of pyarrow)",
            most);
      }
    }

    void give(long bytes) {
      held -= bytes;
    }
  }
}
