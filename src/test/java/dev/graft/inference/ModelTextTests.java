package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.inference.ChatText.Plain;
import dev.graft.inference.Prompt.Answered;
import dev.graft.inference.Prompt.Conversation;
import dev.graft.inference.Prompt.PlainText;
import dev.graft.inference.Prompt.Turn;
import dev.graft.spec.TrainingSpec.DataOptions;
import dev.graft.text.Example;
import dev.graft.text.RowTokenizer;
import dev.graft.text.TokenizedRow;
import dev.graft.text.Tokenizer;
import dev.graft.text.Truncation;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which tokens of a known answer are scored: those that training has a loss on. */
class ModelTextTests {
  @TempDir private Path directory;
  private Path model;

  @BeforeEach
  void write() throws IOException {
    model = TinyLlama.write(directory.resolve("model"), 1);
  }

  private int[] scored(Answered answered) {
    Plain plain = new ChatText.ModelText(model).answered(answered);
    return Arrays.copyOfRange(plain.ids(), plain.added(), plain.ids().length);
  }

  private int[] trained(Example row) {
    try (Tokenizer tokenizer = Tokenizer.load(model)) {
      TokenizedRow tokens =
          new RowTokenizer(tokenizer, DataOptions.DEFAULT, Truncation.NONE)
              .tokenize(row)
              .getFirst();
      return IntStream.of(tokens.labels()).filter(id -> id != TokenizedRow.IGNORE).toArray();
    }
  }

  private static Map<String, Object> turn(String role, String content) {
    return Map.of("role", role, "content", content);
  }

  private static Conversation conversation(String... turns) {
    return new Conversation(
        IntStream.range(0, turns.length)
            .mapToObj(i -> new Turn(i % 2 == 0 ? "user" : "assistant", turns[i]))
            .toList());
  }

  @Test
  void ofAConversationWithOneAnswerTheyAreThoseOfTraining() {
    int[] scored = scored(new Answered(conversation("how many?"), "four"));
    assertThat(scored)
        .isEqualTo(
            trained(
                new Example.Chat(
                    1, List.of(turn("user", "how many?"), turn("assistant", "four")), null)));
    try (Tokenizer tokenizer = Tokenizer.load(model)) {
      assertThat(tokenizer.decode(scored, false)).startsWith("four<|").doesNotEndWith("\n");
    }
  }

  @Test
  void ofSeveralAnswersTheyAreThoseOfTheLast() {
    assertThat(scored(new Answered(conversation("one", "1", "two"), "2")))
        .isEqualTo(scored(new Answered(conversation("two"), "2")));
  }

  @Test
  void aTextEndsWithTheEndOfTexts() {
    assertThat(scored(new Answered(new PlainText("2+2="), "4")))
        .isEqualTo(trained(new Example.PromptCompletion(1, "2+2=", "4")))
        .hasSizeGreaterThan(1);
  }

  /** Where earlier answers cannot be placed, the last still is. */
  @Test
  void aTemplateThatWritesEarlierAnswersOtherwiseHasItsLast() throws IOException {
    Path config = model.resolve("tokenizer_config.json");
    String text = Files.readString(config);
    assertThat(text).contains("message['content']");
    Files.writeString(
        config,
        text.replace("{%- generation -%}", "")
            .replace("{%- endgeneration -%}", "")
            .replace(
                "message['content']",
                "(message['content'] if loop.last or message['role'] != 'assistant' else 'cut')"));
    Answered answered = new Answered(conversation("one", "long", "two"), "2");
    assertThat(scored(answered)).isNotEmpty();
    try (Tokenizer tokenizer = Tokenizer.load(model)) {
      assertThat(tokenizer.decode(scored(answered), false)).startsWith("2<|");
    }
  }

  @Test
  void controlTokensAreRefused() {
    assertThatExceptionOfType(InferrerCommand.PromptRefused.class)
        .isThrownBy(() -> scored(new Answered(conversation("one"), "<|end|>")))
        .withMessageContaining("<|end|>");
  }
}
