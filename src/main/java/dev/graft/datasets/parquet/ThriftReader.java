package dev.graft.datasets.parquet;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Reads Thrift's compact protocol as hostile input: a length beyond the end of the bytes is refused
 * before anything is read. Throws {@link EOFException} at the end of the bytes, and {@link
 * UnreadableParquet}.
 */
final class ThriftReader {
  /** Ends a struct; not the id of a field. */
  static final int STOP = 0;

  static final int STRUCT = 12;

  private static final int TRUE = 1;
  private static final int FALSE = 2;
  private static final int BYTE = 3;
  private static final int DOUBLE = 7;
  private static final int BINARY = 8;
  private static final int LIST = 9;
  private static final int SET = 10;
  private static final int MAP = 11;
  private static final int DEEPEST = 24;

  private final byte[] bytes;
  private int at;
  private final int[] ids = new int[DEEPEST];
  private int depth = -1;
  private int type = STRUCT;

  ThriftReader(byte[] bytes) {
    this.bytes = bytes;
  }

  int position() {
    return at;
  }

  /** Enters the struct of the current field, or the next struct of a list. */
  void begin() throws IOException {
    require(type == STRUCT);
    if (++depth == DEEPEST) throw UnreadableParquet.damaged("its structures are nested too deeply");
    ids[depth] = 0;
  }

  /** Returns the id of the next field; {@link #STOP} after the end of the struct. */
  int field() throws IOException {
    int head = octet();
    if (head == 0) {
      depth--;
      type = STRUCT;
      return STOP;
    }
    type = head & 15;
    ids[depth] = head >>> 4 == 0 ? (int) zigzag() : ids[depth] + (head >>> 4);
    require(ids[depth] > 0);
    return ids[depth];
  }

  boolean truth() throws IOException {
    require(type == TRUE || type == FALSE);
    return type == TRUE;
  }

  long integer() throws IOException {
    require(type >= BYTE && type < DOUBLE);
    return type == BYTE ? (byte) octet() : zigzag();
  }

  /** Reads a number of bytes or elements, which must not be negative. */
  long count() throws IOException {
    long count = integer();
    require(count >= 0);
    return count;
  }

  int smallCount() throws IOException {
    long count = count();
    require(count <= Integer.MAX_VALUE);
    return (int) count;
  }

  String text() throws IOException {
    require(type == BINARY);
    int length = length();
    String text = new String(bytes, at, length, StandardCharsets.UTF_8);
    at += length;
    return text;
  }

  /** Returns the number of structs that follow. */
  int structs() throws IOException {
    require(type == LIST);
    int head = octet();
    int size = head >>> 4 == 15 ? length() : head >>> 4;
    require(size == 0 || (head & 15) == STRUCT);
    type = STRUCT;
    return size;
  }

  /** Skips the current field. */
  void skip() throws IOException {
    skip(type, depth);
  }

  private void skip(int what, int level) throws IOException {
    if (level == DEEPEST) throw UnreadableParquet.damaged("its structures are nested too deeply");
    switch (what) {
      case TRUE, FALSE -> {}
      case BYTE -> octet();
      case 4, 5, 6 -> zigzag();
      case DOUBLE -> pass(Double.BYTES);
      case BINARY -> pass(length());
      case LIST, SET -> {
        int head = octet();
        int size = head >>> 4 == 15 ? length() : head >>> 4;
        for (int i = 0; i < size; i++) skipElement(head & 15, level);
      }
      case MAP -> {
        int size = length();
        int kinds = size == 0 ? 0 : octet();
        for (int i = 0; i < size; i++) {
          skipElement(kinds >>> 4, level);
          skipElement(kinds & 15, level);
        }
      }
      case STRUCT -> {
        for (int head = octet(); head != 0; head = octet()) {
          if (head >>> 4 == 0) zigzag();
          skip(head & 15, level + 1);
        }
      }
      default -> throw UnreadableParquet.damaged("a structure has a field of unknown type");
    }
  }

  /** In a list a boolean is a byte, in a struct its type is its value. */
  private void skipElement(int what, int level) throws IOException {
    if (what == TRUE || what == FALSE) {
      octet();
    } else {
      skip(what, level + 1);
    }
  }

  private void pass(int length) throws EOFException {
    if (length > bytes.length - at) throw new EOFException();
    at += length;
  }

  /** Reads the length of a sequence whose elements have at least one byte. */
  private int length() throws EOFException {
    long length = varint();
    if (length < 0 || length > bytes.length - at) throw new EOFException();
    return (int) length;
  }

  private int octet() throws EOFException {
    if (at == bytes.length) throw new EOFException();
    return bytes[at++] & 0xff;
  }

  private long varint() throws EOFException {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += 7) {
      int octet = octet();
      value |= (octet & 0x7fL) << shift;
      if (octet < 0x80) break;
    }
    return value;
  }

  private long zigzag() throws EOFException {
    long coded = varint();
    return coded >>> 1 ^ -(coded & 1);
  }

  private static void require(boolean holds) throws UnreadableParquet {
    if (!holds) throw UnreadableParquet.damaged("a structure has a field of another type");
  }
}
