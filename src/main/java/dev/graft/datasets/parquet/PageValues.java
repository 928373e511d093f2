package dev.graft.datasets.parquet;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The values of a page that are there, one after the other. */
interface PageValues {
  /** A Boolean, a Long, a Float, a Double, or the bytes of a text. */
  Object next() throws UnreadableParquet;

  /**
   * @param encoding by its number in the format
   * @param at where they begin; they go to the end of the page
   * @param most of them that there can be
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
          "has values of the type %s in the encoding %d, which is not read: write it with plain"
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
    if (dictionary == null) throw UnreadableParquet.damaged("a page's dictionary is not there");
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
}
