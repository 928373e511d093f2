package dev.graft.datasets.parquet;

import dev.graft.datasets.parquet.SchemaNode.Listed;
import dev.graft.datasets.parquet.SchemaNode.Scalar;
import dev.graft.datasets.parquet.SchemaNode.Struct;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Puts rows together of what stands in each column of a row group (Dremel, Melnik et al. 2010). A
 * key whose value is null is left out, as JSONL does not have it.
 */
final class RowAssembly {
  private final Struct root;
  private final List<ColumnCursor> cursors;
  private final String group;
  private long size;

  /**
   * @param cursors at their first values, in the order of the leaves
   * @param group its name in messages
   */
  RowAssembly(Struct root, List<ColumnCursor> cursors, String group) {
    this.root = root;
    this.cursors = cursors;
    this.group = group;
  }

  Map<?, ?> next() throws IOException {
    size = 0;
    Object row = read(root);
    for (ColumnCursor cursor : cursors) {
      if (cursor.isThere() && cursor.repetition() > 0) {
        throw in(cursor, UnreadableParquet.damaged("it has more values than others"));
      }
    }
    return row instanceof Map<?, ?> map ? map : Map.of();
  }

  void requireEnd() throws UnreadableParquet {
    for (ColumnCursor cursor : cursors) {
      if (cursor.isThere()) {
        throw in(cursor, UnreadableParquet.damaged("it has more values than there are rows"));
      }
    }
  }

  private @Nullable Object read(SchemaNode node) throws IOException {
    return switch (node) {
      case Scalar leaf -> read(leaf);
      case Struct struct -> read(struct);
      case Listed list -> read(list);
    };
  }

  private @Nullable Object read(Scalar leaf) throws IOException {
    ColumnCursor cursor = cursors.get(leaf.place());
    try {
      Object value = cursor.take();
      grow(cursor.size());
      return value;
    } catch (UnreadableParquet bad) {
      throw in(cursor, bad);
    }
  }

  private @Nullable Map<String, Object> read(Struct struct) throws IOException {
    boolean there = first(struct).definition() >= struct.definition();
    Map<String, Object> map = new LinkedHashMap<>();
    for (Map.Entry<String, SchemaNode> child : struct.children().entrySet()) {
      Object value = read(child.getValue());
      if (value != null) map.put(child.getKey(), value);
    }
    return there ? map : null;
  }

  private @Nullable List<@Nullable Object> read(Listed list) throws IOException {
    ColumnCursor first = first(list);
    List<@Nullable Object> elements = new ArrayList<>();
    if (first.definition() <= list.definition()) {
      boolean there = first.definition() == list.definition();
      read(list.element());
      return there ? elements : null;
    }
    do {
      elements.add(read(list.element()));
      grow(1);
    } while (first.isThere() && first.repetition() >= list.repetition());
    return elements;
  }

  private ColumnCursor first(SchemaNode node) {
    return cursors.get(node.first().place());
  }

  private void grow(int bytes) throws UnreadableParquet {
    size += bytes;
    if (size > RowReader.MAX_LINE) {
      throw UnreadableParquet.because("has more than %d bytes", RowReader.MAX_LINE);
    }
  }

  private UnreadableParquet in(ColumnCursor cursor, UnreadableParquet bad) {
    return in(group, cursor.leaf(), bad);
  }

  static UnreadableParquet in(String group, Scalar leaf, UnreadableParquet bad) {
    return UnreadableParquet.because(
        "%s", "%s (%s, column '%s')".formatted(bad.reason(), group, leaf.path()));
  }
}
