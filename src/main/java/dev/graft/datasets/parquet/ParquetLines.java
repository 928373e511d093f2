package dev.graft.datasets.parquet;

import dev.graft.datasets.parquet.RowGroup.Chunk;
import dev.graft.datasets.parquet.SchemaNode.Scalar;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The rows of a Parquet file as lines of JSON. Throws {@link UnreadableParquet} where it is bad.
 */
public final class ParquetLines extends InputStream {
  private static final JsonMapper JSON = new JsonMapper();

  private final ParquetBytes file;
  private final Footer footer;
  private final SchemaTree.Tree tree;
  private final PageMemory memory;
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
    this.memory = new PageMemory(file.length());
  }

  /**
   * @param ignoreUnknownKeys leaves out columns of types that JSON has not; else they are refused
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
      RowGroup group = footer.groups().get(groups++);
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

  private void begin(RowGroup group) throws IOException {
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
}
