package dev.graft.inference.child;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AnswererTests {
  private final Answerer answerer = new Answerer(new ParrotText(), new Parrot());

  @Test
  void answersTheWholeWhenTheModelStops() {
    assertThat(answer("hello", null, 100)).isEqualTo(new Reply.Answer(1, "hello", 5, 5, true));
  }

  @Test
  void theBoundOnNewTokensCutsTheAnswer() {
    assertThat(answer("hello", 3, 100)).isEqualTo(new Reply.Answer(1, "hel", 5, 3, false));
    assertThat(answer("hello", null, 2)).isEqualTo(new Reply.Answer(1, "he", 5, 2, false));
  }

  @Test
  void theEarliestStopStringEndsTheAnswerAndIsNotPartOfIt() {
    assertThat(answer("one two three", null, 100, "three", "tw"))
        .isEqualTo(new Reply.Answer(1, "one ", 13, 6, true));
  }

  @Test
  void aLongerConversationThanTheContextIsRefusedWithTheNumbers() {
    assertThat(answer("x".repeat(41), null, 100))
        .isInstanceOfSatisfying(
            Reply.Refused.class,
            refused -> {
              assertThat(refused.cause()).isEqualTo(Reply.Cause.CONTEXT_LENGTH_EXCEEDED);
              assertThat(refused.message()).contains("40 tokens").contains("41 tokens");
            });
  }

  @Test
  void moreTokensThanTheContextLeavesAreRefusedWithTheNumbers() {
    assertThat(answer("hello", 36, 100))
        .isInstanceOfSatisfying(
            Reply.Refused.class,
            refused ->
                assertThat(refused.message())
                    .contains("requested 41 tokens (5 in the messages, 36 in the completion)"));
  }

  @Test
  void theDefaultBoundNeverExceedsTheContext() {
    assertThat(answer("x".repeat(30), null, 512))
        .isEqualTo(new Reply.Answer(1, "x".repeat(10), 30, 10, false));
  }

  @Test
  void adaptersAreSwitchedAndABadOneHarmsOnlyItsOwnChat() {
    assertThat(ask("/adapters/good"))
        .isInstanceOfSatisfying(Reply.Answer.class, a -> assertThat(a.text()).isEqualTo("HI"));
    assertThat(ask("/adapters/bad")).isInstanceOf(Reply.Failed.class);
    assertThat(ask(null))
        .isInstanceOfSatisfying(Reply.Answer.class, a -> assertThat(a.text()).isEqualTo("hi"));
    assertThat(ask("/adapters/bad")).isInstanceOf(Reply.Failed.class);
    assertThat(ask("/adapters/good"))
        .isInstanceOfSatisfying(Reply.Answer.class, a -> assertThat(a.text()).isEqualTo("HI"));
  }

  @Test
  void aRefusedPromptNamesItsField() {
    assertThat(answer("<end>", null, 100))
        .isEqualTo(
            new Reply.Refused(
                1, Reply.Cause.INVALID_PROMPT, "messages", "special token in the text"));
  }

  private Reply ask(@Nullable String adapter) {
    return answerer.answer(
        new Ask(1, adapter, List.of(new Ask.Turn("user", "hi")), null, 9, List.of()));
  }

  private Reply answer(String content, @Nullable Integer max, int defaultMax, String... stop) {
    return answerer.answer(
        new Ask(1, null, List.of(new Ask.Turn("user", content)), max, defaultMax, List.of(stop)));
  }
}
