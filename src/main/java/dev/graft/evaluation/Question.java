package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.graft.inference.GreedyCompletions.ReferenceAnswer;
import dev.graft.text.Example;
import dev.graft.text.Label;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A row of a file as a question: a conversation or a text, and the known answer.
 *
 * @param messages null for a text
 * @param prompt the text, also of a text to label; null for a conversation
 * @param reference the known answer or label
 */
record Question(@Nullable List<Turn> messages, @Nullable String prompt, String reference) {
  public record Turn(String role, String content) {}

  /**
   * Returns null if the row cannot be a question: it has content other than text, other roles than
   * system, user and assistant, is too long, or holds U+0000, which PostgreSQL cannot store.
   */
  static @Nullable Question of(Example row, int longest) {
    Question question =
        switch (row) {
          case Example.Chat chat -> of(chat.lastAnswer());
          case Example.Completion pair -> of(pair);
          case Example.Labelled labelled -> of(labelled);
          case Example.Text _, Example.PreferencePair _ -> null;
        };
    if (question == null) return null;
    boolean fits = question.texts().mapToLong(String::length).sum() <= longest;
    return fits && question.texts().noneMatch(text -> text.indexOf('\0') >= 0) ? question : null;
  }

  /** Returns null for a row with several labels. */
  private static @Nullable Question of(Example.Labelled row) {
    return row.label() instanceof Label.Names
        ? null
        : new Question(null, row.text(), row.label().words().getFirst());
  }

  private static @Nullable Question of(Example.@Nullable Completion pair) {
    if (pair == null || !ReferenceAnswer.isAskable(pair)) return null;
    String reference = Objects.requireNonNull(ReferenceAnswer.reference(pair));
    return switch (pair) {
      case Example.PromptCompletion text -> new Question(null, text.prompt(), reference);
      case Example.ChatPromptCompletion chat ->
          new Question(
              chat.prompt().stream()
                  .map(turn -> new Turn(text(turn, "role"), text(turn, "content")))
                  .toList(),
              null,
              reference);
    };
  }

  private static String text(Map<String, Object> turn, String key) {
    return String.valueOf(turn.get(key));
  }

  private Stream<String> texts() {
    Stream<String> before =
        prompt != null
            ? Stream.of(prompt)
            : Objects.requireNonNull(messages).stream().map(Turn::content);
    return Stream.concat(before, Stream.of(reference));
  }

  @JsonIgnore
  public Example.Completion example() {
    if (prompt != null) return new Example.PromptCompletion(1, prompt, reference);
    List<Map<String, Object>> turns =
        Objects.requireNonNull(messages).stream()
            .map(turn -> turn(turn.role(), turn.content()))
            .toList();
    return new Example.ChatPromptCompletion(1, turns, List.of(turn("assistant", reference)), null);
  }

  private static Map<String, Object> turn(String role, String content) {
    return Map.of("role", role, "content", content);
  }

  /**
   * A uniform random sample of the usable rows of a file, in bounded memory (Vitter 1985, algorithm
   * R). The same seed chooses the same rows of the same file.
   */
  static final class ChosenQuestions {
    /** Maximum characters of a question; contexts of models are not much longer. */
    private static final int LONGEST = 32_000;

    private final int most;
    private final SplittableRandom random;
    private final List<Chosen> chosen = new ArrayList<>();
    private long seen;
    private long passedOver;

    /**
     * @param line of the file, from 1
     */
    public record Chosen(long line, Question question) {}

    public ChosenQuestions(int most, long seed) {
      this.most = most;
      this.random = new SplittableRandom(seed);
    }

    public void add(Example row) {
      Question question = Question.of(row, LONGEST);
      if (question == null) {
        passedOver++;
        return;
      }
      seen++;
      if (chosen.size() < most) {
        chosen.add(new Chosen(row.line(), question));
        return;
      }
      long place = random.nextLong(seen);
      if (place < most) chosen.set((int) place, new Chosen(row.line(), question));
    }

    /** In the order of the file. */
    public List<Chosen> inOrder() {
      return chosen.stream().sorted(Comparator.comparingLong(Chosen::line)).toList();
    }

    /** Number of rows that cannot be questions. */
    public long passedOver() {
      return passedOver;
    }
  }
}
