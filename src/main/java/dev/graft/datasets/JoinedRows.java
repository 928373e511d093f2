package dev.graft.datasets;

import dev.graft.platform.RequestFailed;
import dev.graft.text.RowReader;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The rows of several files as one of JSONL, whatever each came as.
 *
 * @param names of the files, for messages
 */
record JoinedRows(List<Path> files, List<String> names, DecodingOptions options) {
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  /**
   * @throws RequestFailed if one of them is no file of rows
   */
  void writeTo(OutputStream out) throws IOException {
    for (int i = 0; i < files.size(); i++) {
      RowLines lines = new RowLines(out);
      try {
        write(files.get(i), names.get(i), lines);
      } catch (Undecodable bad) {
        throw RequestFailed.invalid("source", names.get(i) + " " + bad.reason());
      }
      lines.end();
    }
  }

  private void write(Path file, String name, OutputStream lines) throws IOException {
    FileFormat format;
    try (InputStream in = Files.newInputStream(file)) {
      format = FileFormat.of(in, name, options);
    }
    if (format.isRows()) {
      try (InputStream rows = format.open(Files.newInputStream(file))) {
        rows.mark(BYTE_ORDER_MARK.length);
        if (!Arrays.equals(rows.readNBytes(BYTE_ORDER_MARK.length), BYTE_ORDER_MARK)) rows.reset();
        rows.transferTo(lines);
      }
      return;
    }
    List<RowReader.Problem> problems = new ArrayList<>();
    format.writeRows(() -> Files.newInputStream(file), Files.size(file), lines, problems);
    if (problems.isEmpty()) return;
    RowReader.Problem first = problems.getFirst();
    throw RequestFailed.invalid(
        "source", "%s line %d: %s".formatted(name, first.line(), first.message()));
  }

  /** Of one file: the last ends, whether or not it says so. */
  private static final class RowLines extends FilterOutputStream {
    private int last = '\n';

    RowLines(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      last = b;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      out.write(bytes, offset, length);
      if (length > 0) last = bytes[offset + length - 1];
    }

    void end() throws IOException {
      if (last != '\n') out.write('\n');
    }
  }
}
