package dev.graft.datasets;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Texts without what no text should have. */
final class CleanText {
  private static final int BYTE_ORDER_MARK = 0xfeff;
  private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");

  private CleanText() {}

  static Map<?, ?> of(Map<?, ?> row) {
    Map<Object, @Nullable Object> clean = new LinkedHashMap<>();
    row.forEach((key, value) -> clean.put(key, cleaned(value)));
    return clean;
  }

  private static @Nullable Object cleaned(@Nullable Object value) {
    return switch (value) {
      case Map<?, ?> map -> of(map);
      case List<?> list -> {
        List<@Nullable Object> clean = new ArrayList<>();
        list.forEach(each -> clean.add(cleaned(each)));
        yield clean;
      }
      case String text -> of(text);
      case null -> null;
      default -> value;
    };
  }

  static String of(String text) {
    StringBuilder plain = new StringBuilder();
    text.codePoints()
        .filter(c -> c != BYTE_ORDER_MARK && !UnwantedText.isControl(c))
        .forEach(plain::appendCodePoint);
    String clean = plain.toString();
    return UnwantedText.isBroken(clean) ? mended(clean) : clean;
  }

  /**
   * UTF-8 that was read as Windows-1252 (or Latin-1, where that has no character), read again; the
   * same text where any of it cannot have come about like that.
   */
  private static String mended(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CharsetEncoder encoder = WINDOWS_1252.newEncoder();
    try {
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (encoder.canEncode(c)) {
          bytes.write(encoder.encode(CharBuffer.wrap(text, i, i + 1)).get());
        } else if (c < 0x100) {
          bytes.write(c);
        } else {
          return text;
        }
      }
      ByteBuffer read = ByteBuffer.wrap(bytes.toByteArray());
      String mended = StandardCharsets.UTF_8.newDecoder().decode(read).toString();
      return UnwantedText.isBroken(mended) ? text : mended;
    } catch (CharacterCodingException uncertain) {
      return text;
    }
  }
}
