package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionChoice;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.completions.CompletionCreateParams.Prompt;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Completions of the official Java client, unmodified. */
class CompletionIT extends StartedGraft {
  /** Id of the token of byte 0. */
  private static final long BYTE_ZERO = 5;

  private OpenAIClient client;

  @BeforeEach
  void aKeyAndAModel() throws IOException {
    registerTiny();
    client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key("support")).build();
  }

  @Test
  void promptsAreAnsweredInOrderAndTheirChoicesNumberedThrough() {
    Completion completion =
        create(params().prompt(Prompt.ofArrayOfStrings(List.of("one", "two"))).n(2).maxTokens(5));
    assertThat(completion.choices())
        .extracting(CompletionChoice::index)
        .containsExactly(0L, 1L, 2L, 3L);
    assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(20);
    Completion alone = create(params().prompt("two").n(2).maxTokens(5));
    assertThat(completion.choices().subList(2, 4).stream().map(CompletionChoice::text))
        .containsExactlyElementsOf(alone.choices().stream().map(CompletionChoice::text).toList());
  }

  @Test
  void aTextItsTokensAndItsEchoAreTheSameText() {
    Completion text = create(params().prompt("Hello").temperature(0).maxTokens(4));
    String answer = text.choices().getFirst().text();
    List<Long> ids = "Hello".chars().mapToObj(c -> c + BYTE_ZERO).toList();
    CompletionChoice echoed =
        create(
                params()
                    .prompt(Prompt.ofArrayOfTokens(ids))
                    .temperature(0)
                    .maxTokens(4)
                    .echo(true)
                    .logprobs(2))
            .choices()
            .getFirst();
    assertThat(echoed.text()).isEqualTo("Hello" + answer);
    CompletionChoice.Logprobs logprobs = echoed.logprobs().orElseThrow();
    assertThat(logprobs.tokens().orElseThrow()).startsWith("H", "e", "l", "l", "o").hasSize(9);
    assertThat(logprobs.textOffset().orElseThrow()).startsWith(0L, 1L, 2L, 3L, 4L, 5L);
    assertThat(logprobs.tokenLogprobs().orElseThrow().getFirst()).isNull();
  }

  @Test
  void aPromptIsScoredAsItsOwnContinuationWouldBe() {
    List<Double> whole =
        scores(params().prompt("a longer prompt than the blocks are that it is read in"));
    assertThat(whole).hasSizeGreaterThan(40);
    CompletionChoice next =
        create(
                params()
                    .prompt("a longer prompt than the blocks are that it is read i")
                    .maxTokens(1)
                    .logprobs(1)
                    .logitBias(bias('n')))
            .choices()
            .getFirst();
    assertThat(next.text()).isEqualTo("n");
    assertThat(next.logprobs().orElseThrow().tokenLogprobs().orElseThrow().getFirst())
        .isCloseTo(whole.getLast(), within(1e-4));
  }

  @Test
  void aStreamedCompletionIsTheWholeOneInParts() {
    CompletionCreateParams params = params().prompt("x").n(2).maxTokens(6).logprobs(0).build();
    Completion whole = client.completions().create(params);
    List<StringBuilder> texts = List.of(new StringBuilder(), new StringBuilder());
    List<Long> offsets = new ArrayList<>();
    List<Completion> parts;
    try (StreamResponse<Completion> stream =
        client
            .completions()
            .createStreaming(
                params.toBuilder()
                    .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
                    .build())) {
      parts = stream.stream().toList();
    }
    for (Completion part : parts) {
      for (CompletionChoice choice : part.choices()) {
        texts.get((int) choice.index()).append(choice.text());
        if (choice.index() == 0)
          choice.logprobs().ifPresent(l -> offsets.addAll(l.textOffset().orElseThrow()));
      }
    }
    assertThat(texts.stream().map(Object::toString))
        .containsExactlyElementsOf(whole.choices().stream().map(CompletionChoice::text).toList());
    assertThat(offsets)
        .isEqualTo(whole.choices().getFirst().logprobs().orElseThrow().textOffset().orElseThrow());
    assertThat(parts.getLast().usage()).isEqualTo(whole.usage());
  }

  @Test
  void refusalsNameTheField() {
    assertThatThrownBy(() -> create(params().prompt("x").suffix("y")))
        .isInstanceOfSatisfying(
            BadRequestException.class, e -> assertThat(e.param()).contains("suffix"));
    assertThatThrownBy(() -> create(params().prompt(Prompt.ofArrayOfTokens(List.of(4711L)))))
        .isInstanceOfSatisfying(
            BadRequestException.class, e -> assertThat(e.param()).contains("prompt"));
    assertThatThrownBy(() -> create(params().prompt("x".repeat(400))))
        .isInstanceOfSatisfying(
            BadRequestException.class,
            e -> assertThat(e.code()).contains("context_length_exceeded"));
    assertThatThrownBy(() -> create(params().model("absent").prompt("x")))
        .isInstanceOf(NotFoundException.class);
  }

  private List<Double> scores(CompletionCreateParams.Builder params) {
    return create(params.echo(true).maxTokens(0).logprobs(0))
        .choices()
        .getFirst()
        .logprobs()
        .orElseThrow()
        .tokenLogprobs()
        .orElseThrow();
  }

  private static CompletionCreateParams.LogitBias bias(char token) {
    return CompletionCreateParams.LogitBias.builder()
        .putAdditionalProperty(
            String.valueOf(token + BYTE_ZERO), com.openai.core.JsonValue.from(100))
        .build();
  }

  private Completion create(CompletionCreateParams.Builder params) {
    return client.completions().create(params.build());
  }

  private static CompletionCreateParams.Builder params() {
    return CompletionCreateParams.builder().model("tiny").seed(9);
  }
}
