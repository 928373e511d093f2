package dev.graft.client;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/**
 * GPT-2's byte-level alphabet and word split, as Hugging Face's {@code ByteLevel} pre-tokenizer has
 * them: each byte is one printable character, so any text is representable and no token is unknown.
 */
final class ByteLevel {
  private static final Pattern WORDS =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);
  private static final char[] ALPHABET = alphabet();

  private ByteLevel() {}

  /** The character that stands for byte {@code b} (0..255). */
  static char character(int b) {
    return ALPHABET[b];
  }

  static List<String> words(String text) {
    return WORDS.matcher(text).results().map(match -> encode(match.group())).toList();
  }

  private static String encode(String word) {
    var encoded = new StringBuilder();
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) encoded.append(ALPHABET[b & 0xff]);
    return encoded.toString();
  }

  /** Printable Latin-1 bytes stand for themselves, the others for characters from U+0100 on. */
  private static char[] alphabet() {
    var characters = new char[256];
    char next = 256;
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      characters[b] = printable ? (char) b : next++;
    }
    return characters;
  }
}
