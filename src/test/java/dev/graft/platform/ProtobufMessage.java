package dev.graft.platform;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The wire format of Protocol Buffers, as far as OTLP has it: fields by number. */
record ProtobufMessage(Map<Integer, List<Object>> fields) {
  static ProtobufMessage read(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    Map<Integer, List<Object>> fields = new TreeMap<>();
    while (in.hasRemaining()) {
      long tag = varint(in);
      Object value =
          switch ((int) (tag & 7)) {
            case 0 -> varint(in);
            case 1 -> in.getLong();
            case 2 -> {
              byte[] content = new byte[(int) varint(in)];
              in.get(content);
              yield content;
            }
            case 5 -> (long) in.getInt();
            default -> throw new IllegalArgumentException("wire type of tag " + tag);
          };
      fields.computeIfAbsent((int) (tag >> 3), each -> new ArrayList<>()).add(value);
    }
    return new ProtobufMessage(fields);
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = in.get();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) return value;
    }
  }

  boolean has(int field) {
    return fields.containsKey(field);
  }

  List<ProtobufMessage> messages(int field) {
    return fields.getOrDefault(field, List.of()).stream().map(each -> read((byte[]) each)).toList();
  }

  byte[] bytes(int field) {
    return has(field) ? (byte[]) fields.get(field).getFirst() : new byte[0];
  }

  String text(int field) {
    return new String(bytes(field), StandardCharsets.UTF_8);
  }

  long number(int field) {
    return has(field) ? (long) fields.get(field).getFirst() : 0;
  }
}
