package dev.graft.inference;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * A token as JSON can have it.
 *
 * @param escaped its text, or {@code \xe4\xbd} where its bytes are not whole characters
 * @param whole whether they are
 * @param bytes 0 to 255
 */
record TokenText(String escaped, boolean whole, int[] bytes) {
  static TokenText of(byte[] bytes) {
    int[] unsigned = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) unsigned[i] = bytes[i] & 0xFF;
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return new TokenText(text, true, unsigned);
    } catch (CharacterCodingException partOfACharacter) {
      StringBuilder hex = new StringBuilder();
      for (int each : unsigned) hex.append("\\x%02x".formatted(each));
      return new TokenText(hex.toString(), false, unsigned);
    }
  }

  /** JSON has no infinity; OpenAI writes this for what cannot happen. */
  static double finite(double logProbability) {
    return Math.max(logProbability, -9999);
  }
}
