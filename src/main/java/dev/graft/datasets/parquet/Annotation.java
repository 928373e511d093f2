package dev.graft.datasets.parquet;

import java.io.IOException;
import java.util.Locale;

/** What the values of a column mean, beyond their type (Parquet's LogicalType, ConvertedType). */
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
