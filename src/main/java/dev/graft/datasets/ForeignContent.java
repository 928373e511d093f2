package dev.graft.datasets;

import dev.graft.datasets.FileFormat.Undecodable;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Content that holds no rows however it is read, known by how it begins. */
enum ForeignContent {
  PDF("255044462d", "is a PDF document: take out its text and write rows of it, as JSONL or CSV"),
  ZIP("504b0304", "is a ZIP archive: upload the file that is in it, plain or packed with gzip"),
  EMPTY_ZIP("504b0506", "is a ZIP archive without a file in it"),
  OLD_OFFICE("d0cf11e0a1b11ae1", "is an Office document: save its sheet as CSV UTF-8"),
  PARQUET("50415231", "is a Parquet file that is packed once more: upload it as it is"),
  ARROW("4152524f5731", "is an Arrow file: write it as JSONL, in datasets with to_json(FILE)"),
  XZ("fd377a585a00", "is packed with xz: pack it with gzip or Zstandard, or not at all"),
  BZIP2("425a68", "is packed with bzip2: pack it with gzip or Zstandard, or not at all"),
  SEVEN_ZIP("377abcaf271c", "is a 7z archive: upload the file that is in it"),
  UTF_32("fffe0000", "is UTF-32 text: save it as UTF-8"),
  UTF_32_BIG_ENDIAN("0000feff", "is UTF-32 text: save it as UTF-8"),
  UTF_16("fffe", "is UTF-16 text: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
  UTF_16_BIG_ENDIAN("feff", "is UTF-16 text: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)");

  /** As many first bytes as it takes to tell. */
  private static final int HEAD = 512;

  private static final int TAR_MARK = 257;
  private static final String UTF_8_MARK = "efbbbf";

  private final byte[] beginning;
  private final String reason;

  ForeignContent(String beginning, String reason) {
    this.beginning = HexFormat.of().parseHex(beginning);
    this.reason = reason;
  }

  /**
   * The same content; throws {@link Undecodable} where it is no text of rows.
   *
   * @param csv a bracket or a brace begins JSON only where it is not
   */
  static InputStream refuse(InputStream content, boolean csv) throws IOException {
    BufferedInputStream in = new BufferedInputStream(content, 1 << 16);
    in.mark(HEAD);
    byte[] head = in.readNBytes(HEAD);
    in.reset();
    for (ForeignContent each : values()) {
      if (each.begins(head)) throw new Undecodable(each.in(head));
    }
    if (startsWith(head, new byte[] {'u', 's', 't', 'a', 'r'}, TAR_MARK)) {
      throw new Undecodable("is a tar archive: upload the file that is in it");
    }
    if (zeroesAlternate(head)) throw new Undecodable(UTF_16.reason);
    if (!csv) refuseJson(head);
    return in;
  }

  boolean begins(byte[] head) {
    return startsWith(head, beginning, 0);
  }

  /** What it says of this content. */
  private String in(byte[] head) {
    boolean office =
        this == ZIP
            && new String(head, StandardCharsets.ISO_8859_1)
                .matches("(?s).{30}(\\[Content_Types]|_rels/|docProps/|xl/|word/|ppt/|mimetype).*");
    return office ? OLD_OFFICE.reason : reason;
  }

  /** Text of ASCII in UTF-16 without a byte order mark. */
  private static boolean zeroesAlternate(byte[] head) {
    if (head.length < 4) return false;
    boolean second = head[0] != 0 && head[1] == 0 && head[2] != 0 && head[3] == 0;
    boolean first = head[0] == 0 && head[1] != 0 && head[2] == 0 && head[3] != 0;
    return first || second;
  }

  /** JSON that is not one object a line. */
  private static void refuseJson(byte[] head) throws Undecodable {
    int at = startsWith(head, HexFormat.of().parseHex(UTF_8_MARK), 0) ? 3 : 0;
    while (at < head.length && isSpace(head[at])) at++;
    if (at == head.length) return;
    if (head[at] == '[') {
      throw new Undecodable(
          "is one JSON array: write each of its objects on a line of its own (jq -c '.[]' FILE)");
    }
    if (head[at] != '{') return;
    boolean broken = false;
    for (at++; at < head.length && isSpace(head[at]); at++) broken |= head[at] == '\n';
    if (broken && at < head.length && head[at] == '"') {
      throw new Undecodable(
          "has JSON objects over several lines: write each on one line (jq -c . FILE)");
    }
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\t' || b == '\r' || b == '\n';
  }

  private static boolean startsWith(byte[] head, byte[] mark, int at) {
    if (head.length < at + mark.length) return false;
    for (int i = 0; i < mark.length; i++) {
      if (head[at + i] != mark[i]) return false;
    }
    return true;
  }
}
