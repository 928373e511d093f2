package dev.graft.datasets.parquet;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What stands before a page.
 *
 * @param length of the header
 * @param unpacked bytes that it is said to unpack to
 * @param packed bytes that it has in the file
 * @param crc of the packed bytes; null = not noted
 * @param values with those that are null
 * @param encoding by its number
 * @param definitionBytes of its levels, which lie before what is packed; -1 = within it
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
        case 1 -> kind = SchemaElement.one(Kind.values(), in.integer());
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
