package dev.graft.datasets.parquet;

import dev.graft.text.RowReader;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** What the values of a column are in JSON. */
enum LeafType {
  BOOLEAN,
  INTEGER,
  UNSIGNED_INT,
  UNSIGNED_LONG,
  NUMBER,
  TEXT,
  /** A text that is JSON. */
  JSON;

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final long INT_BITS = 0xffff_ffffL;

  /** Null where JSON has no such values. */
  static @Nullable LeafType of(PhysicalType type, Annotation annotation) {
    return switch (annotation) {
      case NONE ->
          switch (type) {
            case BOOLEAN -> BOOLEAN;
            case INT32, INT64 -> INTEGER;
            case FLOAT, DOUBLE -> NUMBER;
            case INT96, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY -> null;
          };
      case STRING, ENUM -> type == PhysicalType.BYTE_ARRAY ? TEXT : null;
      case JSON -> type == PhysicalType.BYTE_ARRAY ? JSON : null;
      case INTEGER -> isInteger(type) ? INTEGER : null;
      case UNSIGNED ->
          isInteger(type) ? type == PhysicalType.INT32 ? UNSIGNED_INT : UNSIGNED_LONG : null;
      // all of them null, of whatever type
      case UNKNOWN -> isInteger(type) ? INTEGER : type == PhysicalType.BYTE_ARRAY ? TEXT : null;
      case LIST,
          MAP,
          DECIMAL,
          DATE,
          TIME,
          TIMESTAMP,
          INTERVAL,
          BSON,
          UUID,
          FLOAT16,
          VARIANT,
          OTHER ->
          null;
    };
  }

  private static boolean isInteger(PhysicalType type) {
    return type == PhysicalType.INT32 || type == PhysicalType.INT64;
  }

  /** A value as Jackson writes it. */
  @Nullable Object json(Object value) throws UnreadableParquet {
    return switch (this) {
      case BOOLEAN, INTEGER -> value;
      case UNSIGNED_INT -> (Long) value & INT_BITS;
      case UNSIGNED_LONG -> new BigInteger(Long.toUnsignedString((Long) value));
      case NUMBER -> finite((Number) value);
      case TEXT -> text((ByteBuffer) value);
      case JSON -> parsed(text((ByteBuffer) value));
    };
  }

  private static Number finite(Number value) throws UnreadableParquet {
    if (Double.isFinite(value.doubleValue())) return value;
    throw UnreadableParquet.because("has NaN or infinity, which JSON has not: write null instead");
  }

  private static String text(ByteBuffer bytes) throws UnreadableParquet {
    if (bytes.remaining() > RowReader.MAX_LINE) {
      throw UnreadableParquet.because("has a text of more than %d bytes", RowReader.MAX_LINE);
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw UnreadableParquet.because("has a text that is not UTF-8");
    }
  }

  private static @Nullable Object parsed(String json) throws UnreadableParquet {
    try {
      return MAPPER.readValue(json, Object.class);
    } catch (JacksonException e) {
      throw UnreadableParquet.because("has a text that is said to be JSON and is not");
    }
  }
}
