package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.inference.Reply.TokenScore;
import dev.graft.inference.Reply.TokenScore.Candidate;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TextCompletionLogprobsTests {
  @Test
  void partsOfCharactersAreWrittenAsBytesAndInfinityAsANumber() {
    byte[] smile = "😀".getBytes(StandardCharsets.UTF_8);
    byte[] begin = {smile[0], smile[1]};
    byte[] end = {smile[2], smile[3]};
    CompletionController.TextCompletionLogprobs logprobs =
        CompletionController.TextCompletionLogprobs.of(
            List.of(
                new TokenScore(bytes("a"), null, 0, List.of()),
                new TokenScore(begin, -0.5, 1, List.of(new Candidate(begin, -0.5))),
                new TokenScore(end, -1.0, 1, List.of(new Candidate(bytes("x"), -0.25))),
                new TokenScore(bytes("é!"), Double.NEGATIVE_INFINITY, 2, List.of())));
    assertThat(logprobs.tokens())
        .containsExactly("a", "bytes:\\xf0\\x9f", "bytes:\\x98\\x80", "é!");
    assertThat(logprobs.tokenLogprobs()).containsExactly(null, -0.5, -1.0, -9999.0);
    assertThat(logprobs.textOffset()).containsExactly(0, 1, 1, 2);
    assertThat(logprobs.topLogprobs())
        .containsExactly(
            null,
            Map.of("bytes:\\xf0\\x9f", -0.5),
            Map.of("x", -0.25, "bytes:\\x98\\x80", -1.0),
            Map.of("é!", -9999.0));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
