package dev.graft.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The bytes of each token, which may be a part of a character, so that a decoder cannot return
 * them. They are read from the vocabulary of {@code tokenizer.json} by the kind of decoder: bytes
 * as characters (GPT-2's {@code bytes_to_unicode}), SentencePiece with {@code ▁} and {@code
 * <0x0A>}, or WordPiece with {@code ##}.
 */
public final class TokenBytes {
  private static final char SPACE = '\u2581';
  private static final int BYTES = 256;

  private final Map<Integer, String> tokens = new HashMap<>();
  private final Map<Integer, String> added = new HashMap<>();
  private final String decoder;
  private final int @Nullable [] byteOfChar;

  private TokenBytes(JsonNode tokenizer) {
    JsonNode vocabulary = tokenizer.path("model").path("vocab");
    if (vocabulary.isArray()) {
      for (int id = 0; id < vocabulary.size(); id++) {
        tokens.put(id, vocabulary.get(id).path(0).asString(""));
      }
    } else {
      vocabulary.properties().forEach(each -> tokens.put(each.getValue().asInt(-1), each.getKey()));
    }
    for (JsonNode each : tokenizer.path("added_tokens")) {
      added.put(each.path("id").asInt(-1), each.path("content").asString(""));
    }
    decoder = tokenizer.path("decoder").toString();
    byteOfChar = decoder.contains("\"ByteLevel\"") ? byteOfChar() : null;
  }

  /**
   * @param model directory with a tokenizer.json that {@link Tokenizer} has accepted
   * @throws Tokenizer.BadTokenizer if it is missing or broken
   */
  public static TokenBytes read(Path model) {
    try {
      return new TokenBytes(
          new JsonMapper().readTree(Files.readString(model.resolve("tokenizer.json"))));
    } catch (IOException | JacksonException e) {
      throw new Tokenizer.BadTokenizer("tokenizer.json cannot be read");
    }
  }

  /** Returns the bytes of a token; empty for an unknown id. */
  public byte[] of(int id) {
    String whole = added.get(id);
    if (whole != null) return whole.getBytes(StandardCharsets.UTF_8);
    String token = tokens.getOrDefault(id, "");
    return byteOfChar == null ? ofPiece(token) : ofChars(token, byteOfChar);
  }

  private byte[] ofPiece(String token) {
    if (decoder.contains("\"ByteFallback\"") && token.matches("<0x[0-9A-Fa-f]{2}>")) {
      return new byte[] {(byte) Integer.parseInt(token.substring(3, 5), 16)};
    }
    String text = token;
    if (decoder.contains("\"WordPiece\"")) {
      text = token.startsWith("##") ? token.substring(2) : " " + token;
    } else if (decoder.indexOf(SPACE) >= 0 || decoder.contains("\"Metaspace\"")) {
      text = token.replace(SPACE, ' ');
    }
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] ofChars(String token, int[] byteOfChar) {
    byte[] bytes = new byte[token.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = token.charAt(i);
      if (c >= byteOfChar.length || byteOfChar[c] < 0) {
        return token.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) byteOfChar[c];
    }
    return bytes;
  }

  /** Maps characters to bytes: printable bytes to themselves, 256 and up to the others in order. */
  private static int[] byteOfChar() {
    int[] byteOf = new int[2 * BYTES];
    java.util.Arrays.fill(byteOf, -1);
    int next = BYTES;
    for (int b = 0; b < BYTES; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      byteOf[printable ? b : next++] = b;
    }
    return byteOf;
  }
}
