package dev.graft.datasets.parquet;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Thrift's compact protocol: structs are maps by field, i32 are integers, i64 longs; what it writes
 * need not be true.
 */
final class ThriftWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  static byte[] struct(Map<Integer, Object> fields) {
    ThriftWriter writer = new ThriftWriter();
    writer.write(fields);
    return writer.out.toByteArray();
  }

  private void write(Map<?, ?> fields) {
    int before = 0;
    for (Map.Entry<Object, Object> field : new TreeMap<Object, Object>(fields).entrySet()) {
      int id = (Integer) field.getKey();
      out.write(id - before << 4 | type(field.getValue()));
      value(field.getValue());
      before = id;
    }
    out.write(0);
  }

  private static int type(Object value) {
    return switch (value) {
      case Boolean truth -> truth ? 1 : 2;
      case Integer number -> 5;
      case Long number -> 6;
      case String text -> 8;
      case List<?> list -> 9;
      case Map<?, ?> struct -> 12;
      default -> throw new IllegalArgumentException();
    };
  }

  private void value(Object value) {
    switch (value) {
      case Boolean truth -> {}
      case Integer number -> varint((long) number << 1 ^ number >> 31);
      case Long number -> varint(number << 1 ^ number >> 63);
      case String text -> {
        varint(text.getBytes(UTF_8).length);
        out.writeBytes(text.getBytes(UTF_8));
      }
      case List<?> list -> {
        out.write(0xf0 | (list.isEmpty() ? 12 : type(list.getFirst())));
        varint(list.size());
        list.forEach(this::value);
      }
      case Map<?, ?> struct -> write(struct);
      default -> throw new IllegalArgumentException();
    }
  }

  private void varint(long value) {
    long left = value;
    for (; (left & ~0x7fL) != 0; left >>>= 7) out.write((int) (left & 0x7f | 0x80));
    out.write((int) left);
  }
}
