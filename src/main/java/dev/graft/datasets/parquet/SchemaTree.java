package dev.graft.datasets.parquet;

import dev.graft.datasets.parquet.Footer.PhysicalType;
import dev.graft.datasets.parquet.Footer.SchemaElement;
import dev.graft.datasets.parquet.Footer.SchemaElement.Repetition;
import dev.graft.datasets.parquet.SchemaTree.SchemaNode.Listed;
import dev.graft.datasets.parquet.SchemaTree.SchemaNode.Scalar;
import dev.graft.datasets.parquet.SchemaTree.SchemaNode.Struct;
import dev.graft.spec.Nearest;
import dev.graft.text.RowReader;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** Builds the tree of a row from a schema. */
final class SchemaTree {
  private static final int DEEPEST = 32;

  /** Where pandas keeps the index of a frame, which is no column of it. */
  private static final Pattern PANDAS_INDEX = Pattern.compile("__index_level_\\d+__");

  private final List<SchemaElement> schema;
  private final boolean ignoreUnknownKeys;
  private final List<Scalar> leaves = new ArrayList<>();
  private int at;
  private int columns;

  /** Beneath something that is left out. */
  private boolean dropping;

  private SchemaTree(List<SchemaElement> schema, boolean ignoreUnknownKeys) {
    this.schema = schema;
    this.ignoreUnknownKeys = ignoreUnknownKeys;
  }

  /**
   * @param root the row
   * @param leaves the columns that are read
   * @param columns how many there are
   */
  record Tree(Struct root, List<Scalar> leaves, int columns) {}

  /**
   * @param ignoreUnknownKeys leaves out columns of types that JSON does not have; otherwise they
   *     are refused
   */
  static Tree of(List<SchemaElement> schema, boolean ignoreUnknownKeys) throws UnreadableParquet {
    SchemaTree tree = new SchemaTree(schema, ignoreUnknownKeys);
    Struct root = tree.struct(tree.next(), "", 0, 0, 0);
    if (tree.at < schema.size()) throw UnreadableParquet.damaged("its schema has two roots");
    if (root == null) throw UnreadableParquet.because("has no column of a type that JSON has");
    return new Tree(root, tree.leaves, tree.columns);
  }

  private SchemaElement next() throws UnreadableParquet {
    if (at == schema.size()) throw UnreadableParquet.damaged("its schema is cut off");
    return schema.get(at++);
  }

  private @Nullable Struct struct(
      SchemaElement group, String path, int definition, int repetition, int depth)
      throws UnreadableParquet {
    if (depth == DEEPEST) throw UnreadableParquet.because("has columns nested too deeply");
    Map<String, SchemaNode> children = new LinkedHashMap<>();
    for (int i = 0; i < group.children(); i++) {
      SchemaElement child = next();
      String below = path.isEmpty() ? child.name() : path + "." + child.name();
      boolean dropped = dropping;
      dropping |= path.isEmpty() && PANDAS_INDEX.matcher(child.name()).matches();
      SchemaNode node = node(child, below, definition, repetition, depth);
      dropping = dropped;
      if (node != null && children.put(child.name(), node) != null) {
        throw UnreadableParquet.because("has two columns '%s'", shown(below));
      }
    }
    return children.isEmpty() ? null : new Struct(children, definition);
  }

  private @Nullable SchemaNode node(
      SchemaElement element, String path, int definition, int repetition, int depth)
      throws UnreadableParquet {
    return switch (element.repetition()) {
      case REQUIRED -> one(element, path, definition, repetition, depth);
      case OPTIONAL -> one(element, path, definition + 1, repetition, depth);
      case REPEATED -> {
        SchemaNode each = one(element, path + "[]", definition + 1, repetition + 1, depth);
        yield each == null ? null : new Listed(each, definition, repetition + 1);
      }
    };
  }

  private @Nullable SchemaNode one(
      SchemaElement element, String path, int definition, int repetition, int depth)
      throws UnreadableParquet {
    PhysicalType type = element.type();
    if (type != null) return leaf(element, type, path, definition, repetition);
    boolean dropped = dropping;
    switch (element.annotation()) {
      case LIST -> {
        if (element.children() == 1) return list(element, path, definition, repetition, depth);
      }
      case MAP, VARIANT, OTHER -> {
        refuse(path, element.annotation().words());
        dropping = true;
      }
      default -> {}
    }
    Struct struct = struct(element, path, definition, repetition, depth + 1);
    dropping = dropped;
    return struct;
  }

  /** The group between a list and its elements has many names, and old writers had none. */
  private @Nullable SchemaNode list(
      SchemaElement list, String path, int definition, int repetition, int depth)
      throws UnreadableParquet {
    SchemaElement between = next();
    boolean isElement =
        between.children() != 1
            || between.repetition() != Repetition.REPEATED
            || between.name().equals("array")
            || between.name().equals(list.name() + "_tuple");
    if (isElement) return node(between, path, definition, repetition, depth + 1);
    if (depth + 1 >= DEEPEST) throw UnreadableParquet.because("has columns nested too deeply");
    SchemaNode element = node(next(), path + "[]", definition + 1, repetition + 1, depth + 1);
    return element == null ? null : new Listed(element, definition, repetition + 1);
  }

  private @Nullable Scalar leaf(
      SchemaElement element, PhysicalType physical, String path, int definition, int repetition)
      throws UnreadableParquet {
    int column = columns++;
    if (dropping) return null;
    LeafType type = LeafType.of(physical, element.annotation());
    if (type == null) {
      boolean plain = element.annotation() == Footer.Annotation.NONE;
      refuse(path, plain ? bare(physical) : element.annotation().words());
      return null;
    }
    Scalar leaf =
        new Scalar(shown(path), leaves.size(), column, physical, type, definition, repetition);
    leaves.add(leaf);
    return leaf;
  }

  private static String bare(PhysicalType type) {
    return type == PhysicalType.INT96 ? "timestamp" : "bytes";
  }

  private void refuse(String path, String type) throws UnreadableParquet {
    if (ignoreUnknownKeys || dropping) return;
    throw UnreadableParquet.because(
        "has the column '%s' of the type %s, which JSON does not have: make it text or a number, or leave"
            + " it out (ignore_unknown_keys does)",
        shown(path), type);
  }

  private static String shown(String path) {
    return Nearest.shown(path);
  }

  /** A part of a row, as the schema has it. */
  sealed interface SchemaNode {
    /** Returns the first column beneath it, whose levels show whether it exists. */
    Scalar first();

    /**
     * @param place index among the columns that are read
     * @param column index among all columns
     * @param definition the level at which the value is not null
     * @param repetition the highest level
     */
    record Scalar(
        String path,
        int place,
        int column,
        Footer.PhysicalType physical,
        LeafType type,
        int definition,
        int repetition)
        implements SchemaNode {
      @Override
      public Scalar first() {
        return this;
      }
    }

    /**
     * @param children by key, at least one
     * @param definition the level from which on it is not null
     */
    record Struct(Map<String, SchemaNode> children, int definition) implements SchemaNode {
      @Override
      public Scalar first() {
        return children.values().iterator().next().first();
      }
    }

    /**
     * @param definition the level from which on the list is not null; above it, it has an element
     * @param repetition the level at which a further element begins
     */
    record Listed(SchemaNode element, int definition, int repetition) implements SchemaNode {
      @Override
      public Scalar first() {
        return element.first();
      }
    }
  }

  /** The JSON form of a column's values. */
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
    static @Nullable LeafType of(PhysicalType type, Footer.Annotation annotation) {
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
      throw UnreadableParquet.because(
          "has NaN or infinity, which JSON does not have: write null instead");
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
        throw UnreadableParquet.because("has a value of type JSON that is not JSON");
      }
    }
  }
}
