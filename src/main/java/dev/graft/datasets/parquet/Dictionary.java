package dev.graft.datasets.parquet;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

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
      throw UnreadableParquet.damaged("a page names a value that its dictionary does not have");
    }
    if (!texts) return PageValues.value(type, bytes, number * type.bytes, type.bytes);
    int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(starts[number]);
    return ByteBuffer.wrap(bytes, starts[number] + Integer.BYTES, length);
  }
}
