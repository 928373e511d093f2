package dev.graft.datasets.parquet;

import dev.graft.datasets.parquet.Footer.RowGroup.Chunk;
import dev.graft.datasets.parquet.SchemaTree.SchemaNode.Listed;
import dev.graft.datasets.parquet.SchemaTree.SchemaNode.Scalar;
import dev.graft.datasets.parquet.SchemaTree.SchemaNode.Struct;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamSource;
import tools.jackson.databind.json.JsonMapper;

/** The rows of a Parquet file as lines of JSON. Reading throws {@link UnreadableParquet}. */
public final class ParquetLines extends InputStream {
  private static final JsonMapper JSON = new JsonMapper();

  private final ParquetBytes file;
  private final Footer footer;
  private final SchemaTree.Tree tree;
  private final ColumnCursor.PageMemory memory;
  private int groups;
  private long left;
  private long row;
  private @Nullable RowAssembly assembly;
  private byte[] line = new byte[0];
  private int at;

  private ParquetLines(ParquetBytes file, Footer footer, SchemaTree.Tree tree) {
    this.file = file;
    this.footer = footer;
    this.tree = tree;
    this.memory = new ColumnCursor.PageMemory(file.length());
  }

  /**
   * @param ignoreUnknownKeys leaves out columns of types that JSON does not have; otherwise they
   *     are refused
   */
  public static ParquetLines of(ParquetBytes file, boolean ignoreUnknownKeys) throws IOException {
    Footer footer = Footer.read(file);
    return new ParquetLines(file, footer, SchemaTree.of(footer.schema(), ignoreUnknownKeys));
  }

  @Override
  public int read() throws IOException {
    return at < line.length || fill() ? line[at++] & 0xff : -1;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (length == 0) return 0;
    if (at == line.length && !fill()) return -1;
    int n = Math.min(length, line.length - at);
    System.arraycopy(line, at, target, offset, n);
    at += n;
    return n;
  }

  private boolean fill() throws IOException {
    while (left == 0) {
      if (assembly != null) assembly.requireEnd();
      if (groups == footer.groups().size()) return false;
      Footer.RowGroup group = footer.groups().get(groups++);
      if (group.rows() > 0) begin(group);
    }
    left--;
    row++;
    byte[] json = assembly == null ? new byte[0] : JSON.writeValueAsBytes(assembly.next());
    if (json.length > RowReader.MAX_LINE) {
      throw UnreadableParquet.because(
          "has a row of more than %d bytes: row %d", RowReader.MAX_LINE, row);
    }
    line = Arrays.copyOf(json, json.length + 1);
    line[json.length] = '\n';
    at = 0;
    return true;
  }

  private void begin(Footer.RowGroup group) throws IOException {
    String name = "row group %d of %d".formatted(groups, footer.groups().size());
    if (group.chunks().size() != tree.columns()) {
      throw UnreadableParquet.damaged(
          "%s has %d columns, its schema %d", name, group.chunks().size(), tree.columns());
    }
    memory.clear();
    List<ColumnCursor> cursors = new ArrayList<>();
    for (Scalar leaf : tree.leaves()) {
      Chunk chunk = group.chunks().get(leaf.column());
      try {
        if (chunk.type() != leaf.physical()) throw UnreadableParquet.damaged("it has another type");
        cursors.add(new ColumnCursor(file, leaf, chunk, memory));
      } catch (UnreadableParquet bad) {
        throw RowAssembly.in(name, leaf, bad);
      }
    }
    left = group.rows();
    assembly = new RowAssembly(tree.root(), cursors, name);
  }

  /**
   * Assembles rows from the columns of a row group (Dremel, Melnik et al. 2010). A key whose value
   * is null is left out.
   */
  private static final class RowAssembly {
    private final Struct root;
    private final List<ColumnCursor> cursors;
    private final String group;
    private long size;

    /**
     * @param cursors at their first values, in the order of the leaves
     * @param group name of the row group for messages
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
          throw in(cursor, UnreadableParquet.damaged("it has more values than other columns"));
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

    private @Nullable Object read(SchemaTree.SchemaNode node) throws IOException {
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
      for (Map.Entry<String, SchemaTree.SchemaNode> child : struct.children().entrySet()) {
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

    private ColumnCursor first(SchemaTree.SchemaNode node) {
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

  /**
   * Random access to the bytes of a file.
   *
   * @param content its streams must skip without reading, as those of files do
   */
  public record ParquetBytes(InputStreamSource content, long length) {
    /** Returns fewer bytes if the file ends before. */
    byte[] read(long offset, int most) throws IOException {
      try (InputStream in = content.getInputStream()) {
        in.skipNBytes(offset);
        return in.readNBytes(most);
      }
    }
  }
}
