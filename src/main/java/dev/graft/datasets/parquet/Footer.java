package dev.graft.datasets.parquet;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What a file says of itself at its end, held against its length.
 *
 * @param schema the first is the root
 */
record Footer(List<SchemaElement> schema, List<RowGroup> groups) {
  private static final int MAX_BYTES = 16 << 20;
  private static final int MOST_ELEMENTS = 1000;
  private static final int MOST_GROUPS = 100_000;
  static final String MAGIC = "PAR1";
  private static final int TAIL = Integer.BYTES + MAGIC.length();

  static Footer read(ParquetBytes file) throws IOException {
    if (file.length() < MAGIC.length() + TAIL) throw UnreadableParquet.damaged("it is cut off");
    requireMagic(file.read(0, MAGIC.length()), 0, "begin");
    byte[] tail = file.read(file.length() - TAIL, TAIL);
    requireMagic(tail, Integer.BYTES, "end");
    long length = ByteBuffer.wrap(tail).order(ByteOrder.LITTLE_ENDIAN).getInt() & 0xffffffffL;
    long start = file.length() - TAIL - length;
    if (start < MAGIC.length()) {
      throw UnreadableParquet.damaged("its footer is said to have %d bytes", length);
    }
    if (length > MAX_BYTES) {
      throw UnreadableParquet.because(
          "has a footer of %d bytes, at most %d are read: write it with fewer columns and larger"
              + " row groups",
          length, MAX_BYTES);
    }
    try {
      return read(new ThriftReader(file.read(start, (int) length)), start);
    } catch (EOFException cut) {
      throw UnreadableParquet.damaged("its footer is cut off");
    }
  }

  private static void requireMagic(byte[] bytes, int at, String where) throws UnreadableParquet {
    String magic = new String(bytes, at, bytes.length - at, StandardCharsets.ISO_8859_1);
    if (magic.equals("PARE")) throw encrypted();
    if (!magic.equals(MAGIC)) {
      throw UnreadableParquet.damaged("it does not %s with %s; is it cut off?", where, MAGIC);
    }
  }

  static UnreadableParquet encrypted() {
    return UnreadableParquet.because("is encrypted Parquet: write it without encryption");
  }

  private static Footer read(ThriftReader in, long end) throws IOException {
    List<SchemaElement> schema = new ArrayList<>();
    List<RowGroup> groups = new ArrayList<>();
    long rows = 0;
    in.begin();
    for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
      switch (id) {
        case 2 -> {
          for (int left = some(in, MOST_ELEMENTS, "columns"); left > 0; left--) {
            schema.add(SchemaElement.read(in));
          }
        }
        case 3 -> rows = in.count();
        case 4 -> {
          for (int left = some(in, MOST_GROUPS, "row groups"); left > 0; left--) {
            groups.add(RowGroup.read(in, end));
          }
        }
        case 8 -> throw encrypted();
        default -> in.skip();
      }
    }
    long there = groups.stream().mapToLong(RowGroup::rows).sum();
    if (there != rows) {
      throw UnreadableParquet.damaged("it says %d rows, its row groups say %d", rows, there);
    }
    requireApart(groups, end);
    return new Footer(schema, groups);
  }

  private static int some(ThriftReader in, int most, String what) throws IOException {
    int size = in.structs();
    if (size <= most) return size;
    throw UnreadableParquet.because(
        "has %d %s, at most %d are read: write it with fewer", size, what, most);
  }

  /** Else a small file could be read as often as its footer likes. */
  private static void requireApart(List<RowGroup> groups, long end) throws UnreadableParquet {
    long bytes = 0;
    for (RowGroup group : groups) {
      for (RowGroup.Chunk chunk : group.chunks()) {
        bytes += chunk.bytes();
        if (bytes > end) throw UnreadableParquet.damaged("its columns lie over each other");
      }
    }
  }
}
