package dev.graft.datasets.parquet;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The metadata at the end of a file, checked against the length of the file.
 *
 * @param schema the first is the root
 */
record Footer(List<SchemaElement> schema, List<RowGroup> groups) {
  private static final int MAX_BYTES = 16 << 20;
  private static final int MOST_ELEMENTS = 1000;
  private static final int MOST_GROUPS = 100_000;
  static final String MAGIC = "PAR1";
  private static final int TAIL = Integer.BYTES + MAGIC.length();

  static Footer read(ParquetLines.ParquetBytes file) throws IOException {
    if (file.length() < MAGIC.length() + TAIL) throw UnreadableParquet.damaged("it is cut off");
    requireMagic(file.read(0, MAGIC.length()), 0, "begin");
    byte[] tail = file.read(file.length() - TAIL, TAIL);
    requireMagic(tail, Integer.BYTES, "end");
    long length = ByteBuffer.wrap(tail).order(ByteOrder.LITTLE_ENDIAN).getInt() & 0xffffffffL;
    long start = file.length() - TAIL - length;
    if (start < MAGIC.length()) {
      throw UnreadableParquet.damaged("its footer has a length of %d bytes", length);
    }
    if (length > MAX_BYTES) {
      throw UnreadableParquet.because(
          "has a footer of %d bytes, the maximum is %d: write it with fewer columns and larger"
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
      throw UnreadableParquet.damaged("it does not %s with %s and may be cut off", where, MAGIC);
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
      throw UnreadableParquet.damaged(
          "its footer declares %d rows, its row groups %d", rows, there);
    }
    requireApart(groups, end);
    return new Footer(schema, groups);
  }

  private static int some(ThriftReader in, int most, String what) throws IOException {
    int size = in.structs();
    if (size <= most) return size;
    throw UnreadableParquet.because(
        "has %d %s, the maximum is %d: write it with fewer", size, what, most);
  }

  /** Otherwise the footer of a small file could have the same bytes read many times. */
  private static void requireApart(List<RowGroup> groups, long end) throws UnreadableParquet {
    long bytes = 0;
    for (RowGroup group : groups) {
      for (RowGroup.Chunk chunk : group.chunks()) {
        bytes += chunk.bytes();
        if (bytes > end) throw UnreadableParquet.damaged("its columns overlap");
      }
    }
  }

  /** A number of rows, and the position of each of their columns. */
  record RowGroup(long rows, List<Chunk> chunks) {

    /**
     * @param start offset of its first page
     * @param bytes of all its pages
     */
    record Chunk(PhysicalType type, int codec, long start, long bytes) {}

    /**
     * @param end offset after the last page of the file
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
          case 1 ->
              throw UnreadableParquet.because("has columns in other files: write it as one file");
          case 3 -> chunk = chunk(in, end);
          case 8, 9 -> throw Footer.encrypted();
          default -> in.skip();
        }
      }
      if (chunk == null) throw UnreadableParquet.damaged("its footer has no offset of a column");
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
        throw UnreadableParquet.damaged("a column lies outside of the file");
      }
      return new Chunk(type, codec, start, bytes);
    }
  }

  /**
   * One entry of the schema, which is a tree in the order of its paths.
   *
   * @param type of its values; null for a group
   * @param children entries that follow and are part of it
   */
  record SchemaElement(
      String name,
      @Nullable PhysicalType type,
      Repetition repetition,
      int children,
      Annotation annotation) {
    private static final int MAX_NAME = 200;

    /** How often it may occur in its parent. */
    enum Repetition {
      REQUIRED,
      OPTIONAL,
      REPEATED
    }

    static SchemaElement read(ThriftReader in) throws IOException {
      String name = "";
      PhysicalType type = null;
      Repetition repetition = Repetition.REQUIRED;
      int children = 0;
      Annotation converted = Annotation.NONE;
      Annotation logical = null;
      in.begin();
      for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
        switch (id) {
          case 1 -> type = one(PhysicalType.values(), in.integer());
          case 3 -> repetition = one(Repetition.values(), in.integer());
          case 4 -> name = in.text();
          case 5 -> children = in.smallCount();
          case 6 -> converted = Annotation.converted(in.integer());
          case 10 -> logical = Annotation.logical(in);
          default -> in.skip();
        }
      }
      if (name.length() > MAX_NAME) {
        throw UnreadableParquet.because("has a column with a name of %d characters", name.length());
      }
      return new SchemaElement(
          name, type, repetition, children, logical == null ? converted : logical);
    }

    static <T> T one(T[] all, long number) throws UnreadableParquet {
      if (number >= 0 && number < all.length) return all[(int) number];
      throw UnreadableParquet.damaged("a structure has an unknown value");
    }
  }

  /** The meaning of a column's values beyond their type (Parquet's LogicalType, ConvertedType). */
  enum Annotation {
    NONE,
    STRING,
    ENUM,
    JSON,
    LIST,
    MAP,
    INTEGER,
    UNSIGNED,
    /** Every value is null. */
    UNKNOWN,
    DECIMAL,
    DATE,
    TIME,
    TIMESTAMP,
    INTERVAL,
    BSON,
    UUID,
    FLOAT16,
    VARIANT,
    /** Of a later version of the format. */
    OTHER;

    private static final Annotation[] CONVERTED = {
      STRING, MAP, MAP, LIST, ENUM, DECIMAL, DATE, TIME, TIME, TIMESTAMP, TIMESTAMP, UNSIGNED,
      UNSIGNED, UNSIGNED, UNSIGNED, INTEGER, INTEGER, INTEGER, INTEGER, JSON, BSON, INTERVAL
    };

    /** By the field of the union; there is no ninth. */
    private static final Annotation[] LOGICAL = {
      NONE, STRING, MAP, LIST, ENUM, DECIMAL, DATE, TIME, TIMESTAMP, OTHER, INTEGER, UNKNOWN, JSON,
      BSON, UUID, FLOAT16, VARIANT
    };

    private static final int INTEGER_FIELD = 10;

    static Annotation converted(long number) {
      return number >= 0 && number < CONVERTED.length ? CONVERTED[(int) number] : OTHER;
    }

    static Annotation logical(ThriftReader in) throws IOException {
      Annotation found = NONE;
      in.begin();
      for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
        found = id < LOGICAL.length ? LOGICAL[id] : OTHER;
        if (id == INTEGER_FIELD) {
          found = integer(in);
        } else {
          in.skip();
        }
      }
      return found;
    }

    private static Annotation integer(ThriftReader in) throws IOException {
      boolean signed = true;
      in.begin();
      for (int id = in.field(); id != ThriftReader.STOP; id = in.field()) {
        if (id == 2) {
          signed = in.truth();
        } else {
          in.skip();
        }
      }
      return signed ? INTEGER : UNSIGNED;
    }

    String words() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The types of stored values, in the order of their numbers. */
  enum PhysicalType {
    BOOLEAN(0),
    INT32(4),
    INT64(8),
    INT96(12),
    FLOAT(4),
    DOUBLE(8),
    BYTE_ARRAY(0),
    FIXED_LEN_BYTE_ARRAY(0);

    /** Bytes of a value; 0 if the type has no fixed length. */
    final int bytes;

    PhysicalType(int bytes) {
      this.bytes = bytes;
    }
  }
}
