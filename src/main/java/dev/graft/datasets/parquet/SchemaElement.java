package dev.graft.datasets.parquet;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * One entry of the schema, which is a tree in the order of its paths.
 *
 * @param type of its values; null where it is a group
 * @param children entries that follow and are part of it
 */
record SchemaElement(
    String name,
    @Nullable PhysicalType type,
    Repetition repetition,
    int children,
    Annotation annotation) {
  private static final int MAX_NAME = 200;

  /** How often it stands in what it is part of. */
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
    throw UnreadableParquet.damaged("a structure has a value that there is not");
  }
}
