package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.inference.InferrerOrder.Decoding;
import dev.graft.inference.InferrerOrder.GenerateAsk;
import dev.graft.inference.Reply.End;
import dev.graft.inference.Reply.Piece;
import dev.graft.model.Sampling;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AskHandlerTests {
  private final AskHandler answerer = new AskHandler(new ParrotText(), new Parrot(40));
  private final List<Piece> pieces = new ArrayList<>();

  @Test
  void anAnswerComesInPiecesAndEndsWhenTheModelDoes() {
    assertThat(answer("hello", null, 100)).isEqualTo(new Reply.Done(1, 5, 5));
    assertThat(pieces.getFirst()).isEqualTo(new Piece(1, 0, "h", List.of(), null));
    assertThat(pieces.getLast()).isEqualTo(new Piece(1, 0, "", List.of(), End.STOP));
    assertThat(text()).isEqualTo("hello");
  }

  @Test
  void theBoundOnNewTokensCutsTheAnswer() {
    assertThat(answer("hello", 3, 100)).isEqualTo(new Reply.Done(1, 5, 3));
    assertThat(pieces.getLast()).isEqualTo(new Piece(1, 0, "", List.of(), End.LENGTH));
    assertThat(text()).isEqualTo("hel");
    assertThat(answer("hello", null, 2)).isEqualTo(new Reply.Done(1, 5, 2));
  }

  @Test
  void theEarliestStopStringEndsTheAnswerAndIsNotPartOfIt() {
    assertThat(answer("one two three", null, 100, "three", "tw"))
        .isEqualTo(new Reply.Done(1, 13, 6));
    assertThat(text()).isEqualTo("one ");
    assertThat(pieces.getLast().end()).isEqualTo(End.STOP);
  }

  @Test
  void whatMayBecomeAStopStringIsHeldBackUntilItDoesNot() {
    answer("aab aabc", null, 100, "aabc");
    assertThat(pieces.stream().map(Piece::text)).containsExactly("aab ", "");
    answer("xaab", null, 100, "aabc");
    assertThat(pieces.stream().map(Piece::text)).containsExactly("x", "aab");
    assertThat(pieces.getLast().end()).isEqualTo(End.STOP);
  }

  @Test
  void aKnownAnswerIsScoredToTheEndOfItsTurn() {
    Prompt known = new Prompt.Answered(chat("hi"), "no");
    answer(
        new GenerateAsk(
            1, null, known, 9, new Decoding(true, 0, 1, Sampling.GREEDY, List.of(), 0)));
    assertThat(text()).isEqualTo("no");
    assertThat(pieces.stream().flatMap(piece -> piece.scores().stream()))
        .hasSize(3)
        .allSatisfy(score -> assertThat(score.logProbability()).isCloseTo(-7.07e-5, within(1e-7)));
    assertThat(pieces.getLast().end()).isEqualTo(End.LENGTH);
  }

  @Test
  void choicesComeOneAfterTheOther() {
    Sampling sampling = new Sampling(0, 1, 0, 0, Map.of(), 0);
    assertThat(answer(ask("hi", null, 9, 3, sampling))).isEqualTo(new Reply.Done(1, 2, 6));
    assertThat(pieces.stream().map(Piece::choice)).containsExactly(0, 0, 0, 1, 1, 1, 2, 2, 2);
    assertThat(text()).isEqualTo("hihihi");
  }

  @Test
  void samplingIsTheCallers() {
    answer(ask("hi", null, 9, 1, new Sampling(0, 1, 0, 0, Map.of((int) 'o', 30.0), 0)));
    assertThat(text()).isEqualTo("ooooooooo");
    assertThat(answer(ask("hi", null, 9, 1, new Sampling(0, 1, 0, 0, Map.of(1 << 20, 1.0), 0))))
        .isInstanceOfSatisfying(
            Reply.Refused.class,
            refused -> {
              assertThat(refused.param()).isEqualTo("logit_bias");
              assertThat(refused.message()).contains("token 1048576");
            });
  }

  @Test
  void scoresComeWithTheTextOfTheirTokensAndEndBeforeAStopString() {
    Prompt turn = chat("aabaac");
    answer(
        new GenerateAsk(
            1, null, turn, 9, new Decoding(false, null, 1, Sampling.GREEDY, List.of("aac"), 2)));
    assertThat(text()).isEqualTo("aab");
    List<Reply.TokenScore> scores =
        pieces.stream().flatMap(piece -> piece.scores().stream()).toList();
    assertThat(scores.stream().map(score -> new String(score.bytes(), StandardCharsets.UTF_8)))
        .containsExactly("a", "a", "b");
    assertThat(scores)
        .allSatisfy(
            score -> {
              assertThat(score.logProbability()).isCloseTo(0, within(1e-4));
              assertThat(score.top()).hasSize(2);
              assertThat(score.top().getFirst().bytes()).isEqualTo(score.bytes());
              assertThat(score.top().getLast().bytes()[0]).isEqualTo((byte) (score.bytes()[0] + 1));
              assertThat(score.top().getLast().logProbability()).isCloseTo(-10, within(1e-3));
            });
  }

  @Test
  void anEchoedTextComesFirstWithTheScoresOfItsOwnTokens() {
    Prompt text = new Prompt.PlainText("ab");
    Reply last =
        answer(
            new GenerateAsk(
                1, null, text, 9, new Decoding(true, 2, 2, Sampling.GREEDY, List.of(), 1)));
    assertThat(last).isEqualTo(new Reply.Done(1, 3, 4));
    assertThat(text()).isEqualTo("ab^aab^a");
    List<Reply.TokenScore> scores = pieces.getFirst().scores();
    assertThat(scores.stream().map(score -> new String(score.bytes(), StandardCharsets.UTF_8)))
        .containsExactly("a", "b");
    assertThat(scores).allMatch(score -> score.logProbability() != null);
  }

  @Test
  void tokenIdsAreTakenAsTheyAreAndScoredWithoutAnAnswer() {
    Prompt ids = new Prompt.TokenIds(List.of((int) 'h', (int) 'i'));
    Reply last =
        answer(
            new GenerateAsk(
                1, null, ids, 9, new Decoding(true, 0, 1, Sampling.GREEDY, List.of(), 0)));
    assertThat(last).isEqualTo(new Reply.Done(1, 2, 0));
    assertThat(text()).isEqualTo("hi");
    assertThat(pieces.getFirst().scores().getFirst().logProbability()).isNull();
    assertThat(pieces.getFirst().scores().getLast().logProbability()).isNotNull();
    assertThat(pieces.getLast().end()).isEqualTo(End.LENGTH);
    Prompt unknown = new Prompt.TokenIds(List.of(1 << 20));
    assertThat(
            answer(
                new GenerateAsk(
                    1, null, unknown, 9, new Decoding(true, 0, 1, Sampling.GREEDY, List.of(), 0))))
        .isInstanceOfSatisfying(
            Reply.Refused.class,
            refused -> assertThat(refused.message()).contains("'prompt' names token 1048576"));
    Prompt none = new Prompt.TokenIds(List.of());
    assertThat(
            answer(
                new GenerateAsk(
                    1, null, none, 9, new Decoding(true, 0, 1, Sampling.GREEDY, List.of(), 0))))
        .isInstanceOfSatisfying(
            Reply.Refused.class,
            refused -> assertThat(refused.cause()).isEqualTo(Reply.Cause.INVALID_PROMPT));
  }

  @Test
  void aCancelledAnswerEndsAtTheNextToken() {
    Reply last =
        new AskHandler(new ParrotText(), new Parrot(1 << 30))
            .answer(
                ask("forever", 1 << 20, 9, 5, Sampling.GREEDY),
                pieces::add,
                () -> pieces.size() == 3);
    assertThat(last).isEqualTo(new Reply.Done(1, 7, 3));
    assertThat(text()).isEqualTo("for");
  }

  @Test
  void aLongerConversationThanTheContextIsRefusedWithTheNumbers() {
    assertThat(answer("x".repeat(41), null, 100))
        .isInstanceOfSatisfying(
            Reply.Refused.class,
            refused -> {
              assertThat(refused.cause()).isEqualTo(Reply.Cause.CONTEXT_LENGTH_EXCEEDED);
              assertThat(refused.message()).contains("40 tokens").contains("41 in the messages");
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
    assertThat(answer("x".repeat(30), null, 512)).isEqualTo(new Reply.Done(1, 30, 10));
    assertThat(pieces.getLast().end()).isEqualTo(End.LENGTH);
  }

  @Test
  void adaptersAreSwitchedAndABadOneHarmsOnlyItsOwnChat() {
    assertThat(ask("/adapters/good")).isEqualTo("HI");
    assertThat(ask("/adapters/bad")).startsWith("failed");
    assertThat(ask((String) null)).isEqualTo("hi");
    assertThat(ask("/adapters/bad")).startsWith("failed");
    assertThat(ask("/adapters/good")).isEqualTo("HI");
  }

  @Test
  void aRefusedPromptNamesItsField() {
    assertThat(answer("<end>", null, 100))
        .isEqualTo(
            new Reply.Refused(
                1, Reply.Cause.INVALID_PROMPT, "messages", "special token in the text"));
  }

  private String ask(@Nullable String adapter) {
    Prompt hi = chat("hi");
    Reply last =
        answer(
            new GenerateAsk(
                1, adapter, hi, 9, new Decoding(false, null, 1, Sampling.GREEDY, List.of(), null)));
    return last instanceof Reply.Failed failed ? "failed: " + failed.message() : text();
  }

  private Reply answer(String content, @Nullable Integer max, int defaultMax, String... stop) {
    Prompt turn = chat(content);
    return answer(
        new GenerateAsk(
            1,
            null,
            turn,
            defaultMax,
            new Decoding(false, max, 1, Sampling.GREEDY, List.of(stop), null)));
  }

  private Reply answer(InferrerOrder.Ask ask) {
    pieces.clear();
    return answerer.answer(ask, pieces::add, () -> false);
  }

  private static InferrerOrder.Ask ask(
      String content, @Nullable Integer max, int defaultMax, int choices, Sampling sampling) {
    Prompt turn = chat(content);
    return new GenerateAsk(
        1, null, turn, defaultMax, new Decoding(false, max, choices, sampling, List.of(), null));
  }

  private static Prompt chat(String content) {
    return new Prompt.Conversation(List.of(new Prompt.Turn("user", content)));
  }

  private String text() {
    return pieces.stream().map(Piece::text).collect(Collectors.joining());
  }
}
