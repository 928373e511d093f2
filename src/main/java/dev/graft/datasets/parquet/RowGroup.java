package dev.graft.datasets.parquet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Rows, and where each of their columns lies. */
record RowGroup(long rows, List<Chunk> chunks) {

  /**
   * @param start where its first page begins
   * @param bytes of all of its pages
   */
  record Chunk(PhysicalType type, int codec, long start, long bytes) {}

  /**
   * @param end of the pages of the file
   */
  static RowGroup read(ThriftReader in, long end) throws IOException {
    List<Chunk> chunks = new ArrayList<>();
    long rows = 0;
    in.begin();
    for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
      switch (id) {
        case 1 -> {
          for (int left = in.structs(); left > 0; left--) chunks.add(outer(in, end));
        }
        case 3 -> rows = in.count();
        default -> in.skip();
      }
    }
    return new RowGroup(rows, chunks);
  }

  private static Chunk outer(ThriftReader in, long end) throws IOException {
    Chunk chunk = null;
    in.begin();
    for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
      switch (id) {
        case 1 -> throw UnreadableParquet.because("has columns in other files: write it as one");
        case 3 -> chunk = chunk(in, end);
        case 8, 9 -> throw Footer.encrypted();
        default -> in.skip();
      }
    }
    if (chunk == null) throw UnreadableParquet.damaged("its footer does not say where columns lie");
    return chunk;
  }

  private static Chunk chunk(ThriftReader in, long end) throws IOException {
    @Nullable PhysicalType type = null;
    int codec = -1;
    long bytes = 0;
    long data = 0;
    long dictionary = 0;
    in.begin();
    for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
      switch (id) {
        case 1 -> type = SchemaElement.one(PhysicalType.values(), in.integer());
        case 4 -> codec = in.smallCount();
        case 7 -> bytes = in.count();
        case 9 -> data = in.count();
        case 11 -> dictionary = in.count();
        default -> in.skip();
      }
    }
    long start = dictionary > 0 && dictionary < data ? dictionary : data;
    if (type == null || start < Footer.MAGIC.length() || start > end || bytes > end - start) {
      throw UnreadableParquet.damaged("a column is said to lie outside of the file");
    }
    return new Chunk(type, codec, start, bytes);
  }
}
