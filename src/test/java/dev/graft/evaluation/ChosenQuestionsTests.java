package dev.graft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.evaluation.Question.ChosenQuestions;
import dev.graft.evaluation.Question.ChosenQuestions.Chosen;
import dev.graft.text.Example;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChosenQuestionsTests {
  private static Example row(long line) {
    return new Example.PromptCompletion(line, "question " + line, "answer " + line);
  }

  private static List<Long> lines(int rows, int most, long seed) {
    ChosenQuestions chosen = new ChosenQuestions(most, seed);
    for (int line = 1; line <= rows; line++) chosen.add(row(line));
    return chosen.inOrder().stream().map(Chosen::line).toList();
  }

  @Test
  void theyAreInTheOrderOfTheFileAndTheSameForTheSameSeed() {
    assertThat(lines(5, 9, 1)).containsExactly(1L, 2L, 3L, 4L, 5L);
    assertThat(lines(100, 9, 1)).hasSize(9).isSorted().doesNotHaveDuplicates();
    assertThat(lines(100, 9, 1)).isEqualTo(lines(100, 9, 1)).isNotEqualTo(lines(100, 9, 2));
  }

  @Test
  void everyRowHasTheSameChance() {
    Map<Long, Integer> times = new HashMap<>();
    for (int seed = 0; seed < 4000; seed++) {
      lines(20, 5, seed).forEach(line -> times.merge(line, 1, Integer::sum));
    }
    // 1,000 expected, with a deviation of 27
    assertThat(times).hasSize(20);
    assertThat(times.values()).allSatisfy(count -> assertThat(count).isBetween(870, 1130));
  }

  @Test
  void theLastAnswerOfAConversationIsTheOneThatIsKnown() {
    Question question =
        only(
            chat(
                turn("system", "Be brief."),
                turn("user", "one"),
                turn("assistant", "1"),
                turn("user", "two"),
                turn("assistant", "2"),
                turn("user", "three")));
    assertThat(question.messages()).hasSize(4);
    assertThat(question.reference()).isEqualTo("2");
    assertThat(question.example())
        .isEqualTo(
            new Example.ChatPromptCompletion(
                1,
                List.of(
                    turn("system", "Be brief."),
                    turn("user", "one"),
                    turn("assistant", "1"),
                    turn("user", "two")),
                List.of(turn("assistant", "2")),
                null));
  }

  @Test
  void whatCannotBeAskedIsPassedOver() {
    ChosenQuestions chosen = new ChosenQuestions(9, 1);
    chosen.add(chat(turn("assistant", "unasked")));
    chosen.add(chat(turn("user", "one"), turn("tool", "1"), turn("assistant", "1")));
    chosen.add(
        new Example.Chat(
            1, List.of(turn("user", "one"), turn("assistant", "1")), List.of(Map.of())));
    chosen.add(
        chat(
            turn("user", "one"),
            Map.of("role", "assistant", "content", "", "tool_calls", List.of(Map.of()))));
    chosen.add(new Example.PromptCompletion(1, "a".repeat(32_001), "b"));
    chosen.add(new Example.PromptCompletion(1, "a\0", "b"));
    chosen.add(
        chat(turn("user", "one"), Map.of("role", "assistant", "content", "bad", "weight", 0)));
    chosen.add(new Example.Text(1, "a text"));
    assertThat(chosen.inOrder()).isEmpty();
    assertThat(chosen.passedOver()).isEqualTo(8);
  }

  private static Question only(Example row) {
    ChosenQuestions chosen = new ChosenQuestions(1, 1);
    chosen.add(row);
    return chosen.inOrder().getFirst().question();
  }

  @SafeVarargs
  private static Example chat(Map<String, Object>... turns) {
    return new Example.Chat(1, List.of(turns), null);
  }

  private static Map<String, Object> turn(String role, String content) {
    return Map.of("role", role, "content", content);
  }
}
