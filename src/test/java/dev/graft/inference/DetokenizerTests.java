package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.inference.AskHandler.Detokenizer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DetokenizerTests {
  /** Each byte of UTF-8 is a token; a space at the very beginning is dropped. */
  private static final ChatText BYTES =
      new ChatText() {
        @Override
        public int[] conversation(List<Prompt.Turn> turns) {
          throw new UnsupportedOperationException();
        }

        @Override
        public Plain answered(Prompt.Answered answered) {
          throw new UnsupportedOperationException();
        }

        @Override
        public Plain plain(String text) {
          throw new UnsupportedOperationException();
        }

        @Override
        public String decode(int[] ids) {
          byte[] bytes = new byte[ids.length];
          for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) ids[i];
          String text = new String(bytes, StandardCharsets.UTF_8);
          return text.startsWith(" ") ? text.substring(1) : text;
        }

        @Override
        public byte[] bytes(int id) {
          return new byte[] {(byte) id};
        }

        @Override
        public Set<Integer> stopIds() {
          return Set.of();
        }
      };

  @ParameterizedTest
  @ValueSource(
      strings = {
        "plain words, and more of them than the window has room for",
        " Grüße aus Köln — 你好,世界! 😀😃 שלום, नमस्ते दुनिया, end",
        "😀😃😄😁😆😅😂🤣😊😇🙂🙃😉😌😍🥰😘😗😙😚😋😛😝😜🤪🤨🧐🤓😎🤩🥳😏😒😞😔",
        "a real \uFFFD in the text, and two \uFFFD\uFFFD more",
        "  two spaces first and      six inside"
      })
  void piecesAreWholeCharactersAndTogetherTheText(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Detokenizer detokenizer = new Detokenizer(BYTES);
    StringBuilder all = new StringBuilder();
    for (byte each : bytes) {
      String piece = detokenizer.add(each);
      if (!text.contains("\uFFFD")) assertThat(piece).doesNotContain("\uFFFD");
      assertThat(piece.codePoints())
          .noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE);
      all.append(piece);
    }
    all.append(detokenizer.rest());
    assertThat(all).hasToString(text.startsWith(" ") ? text.substring(1) : text);
  }

  @Test
  void bytesThatNeverBecomeACharacterAreShownAsSuchAtTheLatestAtTheEnd() {
    Detokenizer detokenizer = new Detokenizer(BYTES);
    StringBuilder all = new StringBuilder(detokenizer.add('a'));
    for (int i = 0; i < 200; i++) all.append(detokenizer.add(0x80));
    assertThat(all).hasSizeGreaterThan(190);
    all.append(detokenizer.rest());
    assertThat(all).hasToString("a" + "\uFFFD".repeat(200));
  }
}
