package dev.graft.text;

import dev.graft.text.RowReader.BadRow;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** One line of JSONL, read as hostile input. */
final class JsonLine {
  private static final int MAX_DEPTH = 16;

  static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonLine() {}

  /**
   * The line's object, which the caller may change; null where the line is blank. Throws {@link
   * BadRow}.
   *
   * @param number of the line: a byte order mark may stand in the first
   */
  static @Nullable Map<?, ?> object(LineReader.Line line, long number) {
    byte[] bytes = line.bytes();
    if (bytes == null) throw new BadRow("is longer than " + RowReader.MAX_LINE + " bytes");
    String text = utf8(bytes, number);
    if (text.isBlank()) return null;
    if (!(parse(text) instanceof Map<?, ?> map)) throw new BadRow("is not a JSON object");
    RowShape.checkText(map);
    return map;
  }

  private static String utf8(byte[] bytes, long number) {
    boolean mark =
        number == 1
            && bytes.length >= 3
            && bytes[0] == (byte) 0xEF
            && bytes[1] == (byte) 0xBB
            && bytes[2] == (byte) 0xBF;
    int start = mark ? 3 : 0;
    try {
      ByteBuffer content = ByteBuffer.wrap(bytes, start, bytes.length - start);
      return StandardCharsets.UTF_8.newDecoder().decode(content).toString();
    } catch (CharacterCodingException e) {
      throw new BadRow(RowReader.NOT_UTF8, true);
    }
  }

  private static @Nullable Object parse(String text) {
    try {
      return JSON.readValue(text, Object.class);
    } catch (JacksonException e) {
      int column = e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
      throw new BadRow(
          "is not a JSON object (column %d; depth at most %d, no key twice)"
              .formatted(column, MAX_DEPTH));
    }
  }
}
