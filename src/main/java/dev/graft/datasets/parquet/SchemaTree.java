package dev.graft.datasets.parquet;

import dev.graft.datasets.parquet.SchemaElement.Repetition;
import dev.graft.datasets.parquet.SchemaNode.Listed;
import dev.graft.datasets.parquet.SchemaNode.Scalar;
import dev.graft.datasets.parquet.SchemaNode.Struct;
import dev.graft.spec.Nearest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Makes the parts of a row of a schema. */
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
   * @param ignoreUnknownKeys leaves out columns of types that JSON has not; else they are refused
   */
  static Tree of(List<SchemaElement> schema, boolean ignoreUnknownKeys) throws UnreadableParquet {
    SchemaTree tree = new SchemaTree(schema, ignoreUnknownKeys);
    Struct root = tree.struct(tree.next(), "", 0, 0, 0);
    if (tree.at < schema.size()) throw UnreadableParquet.damaged("its schema has two roots");
    if (root == null) throw UnreadableParquet.because("has no column that a row of JSON can have");
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
      boolean plain = element.annotation() == Annotation.NONE;
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
        "has the column '%s' of the type %s, which JSON has not: make it text or a number, or leave"
            + " it out (ignore_unknown_keys does)",
        shown(path), type);
  }

  private static String shown(String path) {
    return Nearest.shown(path);
  }
}
