package dev.graft.inference;

import dev.graft.model.Generator;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A prompt that the model has read.
 *
 * @param text open; closed with this
 * @param ids all that was read
 * @param echo what an answer that repeats the prompt begins with
 */
record PrefilledPrompt(Generator.Text text, int[] ids, GeneratedText.Said echo)
    implements AutoCloseable {
  /**
   * @param prompt the caller's, and {@code plain} what it became
   * @param scorer null if its tokens' scores are not wanted
   */
  static PrefilledPrompt of(
      Generator generator,
      ChatText texts,
      Prompt prompt,
      ChatText.Plain plain,
      boolean echo,
      @Nullable Scorer scorer) {
    int[] ids = plain.ids();
    List<TokenScore> scores = new ArrayList<>();
    Generator.Text text;
    if (echo && scorer != null) {
      if (plain.added() == 0) scores.add(scorer.first(ids[0]));
      text =
          generator.read(
              ids,
              Math.max(1, plain.added()),
              (position, logits) -> scores.add(scorer.score(ids[position], logits, end(scores))));
    } else {
      text = generator.read(ids);
    }
    return new PrefilledPrompt(
        text, ids, new GeneratedText.Said(echo ? own(prompt, texts) : "", scores));
  }

  /** Code points of the scored tokens. */
  private static int end(List<TokenScore> scores) {
    if (scores.isEmpty()) return 0;
    int end = scores.getLast().offset();
    // A character counts where its first byte is.
    for (byte each : scores.getLast().bytes()) if ((each & 0xC0) != 0x80) end++;
    return end;
  }

  private static String own(Prompt prompt, ChatText texts) {
    return switch (prompt) {
      case Prompt.Conversation turns -> "";
      case Prompt.Answered answered -> answered.answer();
      case Prompt.PlainText plain -> plain.text();
      case Prompt.TokenIds tokens -> {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        tokens.ids().forEach(id -> bytes.writeBytes(texts.bytes(id)));
        yield bytes.toString(StandardCharsets.UTF_8);
      }
    };
  }

  @Override
  public void close() {
    text.close();
  }
}
