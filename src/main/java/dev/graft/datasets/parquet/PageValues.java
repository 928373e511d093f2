package dev.graft.datasets.parquet;

import dev.graft.datasets.parquet.Footer.PhysicalType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads the non-null values of a page one after the other. */
interface PageValues {
  /** Returns a Boolean, a Long, a Float, a Double, or the bytes of a text. */
  Object next() throws UnreadableParquet;

  /**
   * @param encoding by its number in the format
   * @param at offset of the values, which go to the end of the page
   * @param most limit for the number of values
   */
  static PageValues of(
      int encoding,
      PhysicalType type,
      byte[] page,
      int at,
      int most,
      @Nullable Dictionary dictionary)
      throws UnreadableParquet {
    if (at >= page.length) {
      return () -> {
        throw UnreadableParquet.cutOff();
      };
    }
    if (!fits(encoding, type)) {
      throw UnreadableParquet.because(
          "has values of the type %s in the encoding %d, which Graft does not read: write it with plain"
              + " or dictionary encoding",
          type, encoding);
    }
    return switch (encoding) {
      case 2, 8 -> words(page, at, dictionary);
      case 3 -> truths(page, at);
      case 5 -> new DeltaIntegers(page, at, most)::next;
      case 6 -> lengths(page, at, most);
      case 7 -> prefixes(page, at, most);
      case 9 -> split(type, page, at);
      default -> plain(type, page, at);
    };
  }

  private static boolean fits(int encoding, PhysicalType type) {
    return switch (encoding) {
      case 0, 2, 8 -> true;
      case 3 -> type == PhysicalType.BOOLEAN;
      case 5 -> type == PhysicalType.INT32 || type == PhysicalType.INT64;
      case 6, 7 -> type == PhysicalType.BYTE_ARRAY;
      case 9 -> type.bytes > 0;
      default -> false;
    };
  }

  private static PageValues plain(PhysicalType type, byte[] page, int from)
      throws UnreadableParquet {
    BitReader in = new BitReader(page, from, page.length);
    if (type == PhysicalType.BOOLEAN) return () -> in.bits(1) == 1;
    return () -> {
      int length = type == PhysicalType.BYTE_ARRAY ? (int) in.bits(Integer.SIZE) : type.bytes;
      int at = in.position();
      if (length < 0 || length > page.length - at) throw UnreadableParquet.cutOff();
      in.skip(8L * length);
      return value(type, page, at, length);
    };
  }

  /** The value that lies there. */
  static Object value(PhysicalType type, byte[] bytes, int at, int length) {
    ByteBuffer there = ByteBuffer.wrap(bytes, at, length).order(ByteOrder.LITTLE_ENDIAN);
    return switch (type) {
      case INT32 -> (long) there.getInt();
      case INT64 -> there.getLong();
      case FLOAT -> there.getFloat();
      case DOUBLE -> there.getDouble();
      case BOOLEAN, INT96, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY -> there;
    };
  }

  private static PageValues words(byte[] page, int at, @Nullable Dictionary dictionary)
      throws UnreadableParquet {
    if (dictionary == null) throw UnreadableParquet.damaged("a page has no dictionary");
    RunLengths places = new RunLengths(page, at + 1, page.length, page[at] & 0xff);
    return () -> dictionary.get(places.next());
  }

  /** Behind the number of their bytes. */
  private static PageValues truths(byte[] page, int at) throws UnreadableParquet {
    RunLengths bits = new RunLengths(page, at + Integer.BYTES, page.length, 1);
    return () -> bits.next() == 1;
  }

  private static PageValues lengths(byte[] page, int at, int most) throws UnreadableParquet {
    int[] next = {endOfNumbers(page, at, most)};
    DeltaIntegers lengths = new DeltaIntegers(page, at, most);
    return () -> {
      long length = lengths.next();
      if (length < 0 || length > page.length - next[0]) throw UnreadableParquet.cutOff();
      next[0] += (int) length;
      return ByteBuffer.wrap(page, next[0] - (int) length, (int) length);
    };
  }

  /** How much of the text before each begins with, and how it goes on. */
  private static PageValues prefixes(byte[] page, int at, int most) throws UnreadableParquet {
    DeltaIntegers prefixes = new DeltaIntegers(page, at, most);
    PageValues rests = lengths(page, endOfNumbers(page, at, most), most);
    byte[][] before = {new byte[0]};
    return () -> {
      long prefix = prefixes.next();
      if (prefix < 0 || prefix > before[0].length) throw UnreadableParquet.cutOff();
      ByteBuffer rest = (ByteBuffer) rests.next();
      byte[] text = Arrays.copyOf(before[0], (int) prefix + rest.remaining());
      rest.get(text, (int) prefix, rest.remaining());
      before[0] = text;
      return ByteBuffer.wrap(text);
    };
  }

  private static int endOfNumbers(byte[] page, int at, int most) throws UnreadableParquet {
    DeltaIntegers numbers = new DeltaIntegers(page, at, most);
    while (numbers.left() > 0) numbers.next();
    return numbers.end();
  }

  /** The first bytes of all, then the second bytes of all. */
  private static PageValues split(PhysicalType type, byte[] page, int from) {
    int count = (page.length - from) / type.bytes;
    int[] next = {0};
    return () -> {
      if (next[0] == count) throw UnreadableParquet.cutOff();
      byte[] bytes = new byte[type.bytes];
      for (int i = 0; i < bytes.length; i++) bytes[i] = page[from + i * count + next[0]];
      next[0]++;
      return value(type, bytes, 0, bytes.length);
    };
  }

  /**
   * The values that the pages of a column name by their number, as they lie in its page.
   *
   * @param starts where those begin that have a length of their own; of others empty
   */
  record Dictionary(PhysicalType type, byte[] bytes, int[] starts) {
    static Dictionary of(PhysicalType type, byte[] bytes, int size) throws UnreadableParquet {
      if (type != PhysicalType.BYTE_ARRAY) return new Dictionary(type, bytes, new int[0]);
      ByteBuffer page = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      int[] starts = new int[Math.min(size, bytes.length / Integer.BYTES)];
      int known = 0;
      while (known < starts.length && page.remaining() >= Integer.BYTES) {
        starts[known++] = page.position();
        int length = page.getInt();
        if (length < 0 || length > page.remaining()) throw UnreadableParquet.cutOff();
        page.position(page.position() + length);
      }
      return new Dictionary(type, bytes, Arrays.copyOf(starts, known));
    }

    Object get(int number) throws UnreadableParquet {
      boolean texts = type == PhysicalType.BYTE_ARRAY;
      long size = texts ? starts.length : type.bytes == 0 ? 0 : bytes.length / type.bytes;
      if (number < 0 || number >= size) {
        throw UnreadableParquet.damaged(
            "a page refers to a value that its dictionary does not have");
      }
      if (!texts) return PageValues.value(type, bytes, number * type.bytes, type.bytes);
      int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(starts[number]);
      return ByteBuffer.wrap(bytes, starts[number] + Integer.BYTES, length);
    }
  }

  /** Numbers as what they add to the one before (Parquet's DELTA_BINARY_PACKED). */
  static final class DeltaIntegers {
    private static final int LARGEST_BLOCK = 1 << 20;

    private final BitReader in;
    private final int perMiniblock;
    private final int[] widths;
    private int left;
    private long value;
    private long least;

    /** Of the values that the block's deltas make. */
    private int inBlock;

    /**
     * @param most limit for the number of values: skipping many takes time even if they have few
     *     bytes
     */
    DeltaIntegers(byte[] bytes, int from, int most) throws UnreadableParquet {
      in = new BitReader(bytes, from, bytes.length);
      long block = in.varint();
      long miniblocks = in.varint();
      long total = in.varint();
      value = in.zigzag();
      boolean fits =
          block > 0 && block <= LARGEST_BLOCK && miniblocks > 0 && block % miniblocks == 0;
      if (!fits || total < 0 || total > most) {
        throw UnreadableParquet.damaged("a page has %d numbers in blocks of %d", total, block);
      }
      left = (int) total;
      widths = new int[(int) miniblocks];
      perMiniblock = (int) (block / miniblocks);
      inBlock = perMiniblock * widths.length;
    }

    long next() throws UnreadableParquet {
      if (left == 0) throw UnreadableParquet.cutOff();
      long now = value;
      if (--left > 0) value += delta();
      return now;
    }

    int left() {
      return left;
    }

    /** Where what follows the numbers begins, when all were taken: the last miniblock is whole. */
    int end() {
      int begun = inBlock % perMiniblock;
      if (begun > 0) {
        in.skip((long) (perMiniblock - begun) * widths[inBlock / perMiniblock]);
        inBlock += perMiniblock - begun;
      }
      return in.position();
    }

    private long delta() throws UnreadableParquet {
      if (inBlock == perMiniblock * widths.length) {
        least = in.zigzag();
        for (int i = 0; i < widths.length; i++) widths[i] = (int) in.bits(8);
        inBlock = 0;
      }
      int width = widths[inBlock++ / perMiniblock];
      if (width > Long.SIZE) throw UnreadableParquet.damaged("its numbers are too wide");
      return least + in.bits(width);
    }
  }

  /**
   * Numbers of a fixed width in runs: the same one again and again, or one after the other
   * (Parquet's RLE/bit-packing hybrid). Holds no more of them than the one that it gives.
   */
  static final class RunLengths {
    private final BitReader in;
    private final int width;
    private long left;
    private boolean same;
    private int value;

    RunLengths(byte[] bytes, int from, int to, int width) throws UnreadableParquet {
      if (width > Integer.SIZE) throw UnreadableParquet.damaged("its numbers are too wide");
      this.in = new BitReader(bytes, from, to);
      this.width = width;
    }

    int next() throws UnreadableParquet {
      if (width == 0) return 0;
      while (left == 0) begin();
      left--;
      if (!same) value = (int) in.bits(width);
      return value;
    }

    private void begin() throws UnreadableParquet {
      long header = in.varint();
      same = (header & 1) == 0;
      left = same ? header >>> 1 : (header >>> 1) * 8;
      if (same) value = (int) in.bits((width + 7) / 8 * 8);
    }
  }

  /** Numbers of whole bytes and of bits, the least significant first, from a part of a page. */
  static final class BitReader {
    private final byte[] bytes;
    private final int to;

    /** Of the next bit. */
    private long at;

    BitReader(byte[] bytes, int from, int to) throws UnreadableParquet {
      if (from < 0 || to < from || to > bytes.length) throw UnreadableParquet.cutOff();
      this.bytes = bytes;
      this.to = to;
      this.at = 8L * from;
    }

    /** Where the byte of the next bit is. */
    int position() {
      return (int) (at >>> 3);
    }

    boolean ended() {
      return at >>> 3 >= to;
    }

    /** So many bits further on. */
    void skip(long bits) {
      at += bits;
    }

    long bits(int width) throws UnreadableParquet {
      long value = 0;
      for (int got = 0; got < width; ) {
        if (ended()) throw UnreadableParquet.cutOff();
        int low = (int) (at & 7);
        int taken = Math.min(8 - low, width - got);
        long part = (bytes[position()] & 0xff) >>> low & (1 << taken) - 1;
        value |= part << got;
        got += taken;
        at += taken;
      }
      return value;
    }

    long varint() throws UnreadableParquet {
      long value = 0;
      for (int shift = 0; shift < Long.SIZE; shift += 7) {
        long octet = bits(8);
        value |= (octet & 0x7f) << shift;
        if (octet < 0x80) break;
      }
      return value;
    }

    long zigzag() throws UnreadableParquet {
      long coded = varint();
      return coded >>> 1 ^ -(coded & 1);
    }
  }
}
