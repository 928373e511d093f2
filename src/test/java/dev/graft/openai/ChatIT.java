package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.OpenAIServiceException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionTokenLogprob;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Chats of the official Java client, unmodified, and what travels when an answer is streamed. */
class ChatIT extends StartedGraft {
  private String key = "";
  private OpenAIClient client;

  @BeforeEach
  void aKeyAndAModel() throws IOException {
    registerTiny();
    key = key("support");
    client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key).build();
  }

  @Test
  void aStreamedAnswerIsTheWholeAnswerInChunks() {
    ChatCompletionCreateParams params = params().seed(5).n(2).maxCompletionTokens(12).build();
    ChatCompletion whole = client.chat().completions().create(params);
    ChatCompletionAccumulator chunks = ChatCompletionAccumulator.create();
    try (StreamResponse<ChatCompletionChunk> stream =
        client
            .chat()
            .completions()
            .createStreaming(
                params.toBuilder()
                    .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
                    .build())) {
      stream.stream().forEach(chunk -> chunks.accumulate(chunk.validate()));
    }
    ChatCompletion streamed = chunks.chatCompletion();
    assertThat(texts(streamed)).isEqualTo(texts(whole)).hasSize(2);
    assertThat(streamed.choices().getFirst().finishReason())
        .isEqualTo(whole.choices().getFirst().finishReason());
    assertThat(streamed.usage()).isEqualTo(whole.usage());
    assertThat(streamed.systemFingerprint()).isEqualTo(whole.systemFingerprint());
  }

  @Test
  void theSeedDecidesTheAnswer() {
    ChatCompletionCreateParams one = params().seed(1).n(3).maxCompletionTokens(16).build();
    List<String> first = texts(client.chat().completions().create(one));
    assertThat(first).hasSize(3).doesNotHaveDuplicates();
    assertThat(texts(client.chat().completions().create(one))).isEqualTo(first);
    assertThat(texts(client.chat().completions().create(one.toBuilder().seed(2).build())))
        .isNotEqualTo(first);
    ChatCompletionCreateParams greedy =
        params().temperature(0).n(2).maxCompletionTokens(16).build();
    List<String> alike = texts(client.chat().completions().create(greedy));
    assertThat(alike.getFirst()).isEqualTo(alike.getLast());
  }

  @Test
  void aStopStringEndsTheAnswerBeforeIt() {
    ChatCompletionCreateParams params = params().seed(3).maxCompletionTokens(24).build();
    String free = texts(client.chat().completions().create(params)).getFirst();
    String stop = free.substring(free.length() / 2, free.length() / 2 + 3);
    ChatCompletion stopped =
        client.chat().completions().create(params.toBuilder().stop(stop).build());
    assertThat(texts(stopped)).containsExactly(free.substring(0, free.indexOf(stop)));
    assertThat(stopped.choices().getFirst().finishReason())
        .isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
  }

  @Test
  void logprobsAreThoseOfTheAnswersTokens() {
    ChatCompletionCreateParams params =
        params().temperature(0).maxCompletionTokens(6).logprobs(true).topLogprobs(3).build();
    ChatCompletion.Choice choice =
        client.chat().completions().create(params).validate().choices().getFirst();
    List<ChatCompletionTokenLogprob> tokens =
        choice.logprobs().orElseThrow().content().orElseThrow();
    assertThat(tokens).hasSize(6);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (ChatCompletionTokenLogprob token : tokens) {
      token.bytes().orElseThrow().forEach(b -> bytes.write(b.intValue()));
      assertThat(token.topLogprobs()).hasSize(3);
      assertThat(token.topLogprobs().getFirst().logprob()).isEqualTo(token.logprob());
      assertThat(token.topLogprobs().stream().mapToDouble(top -> Math.exp(top.logprob())).sum())
          .isBetween(0.01, 1.0);
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .isEqualTo(choice.message().content().orElseThrow());

    List<ChatCompletionTokenLogprob> streamed = new ArrayList<>();
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(params)) {
      stream.stream()
          .flatMap(chunk -> chunk.choices().stream())
          .flatMap(each -> each.logprobs().stream())
          .forEach(logprobs -> streamed.addAll(logprobs.content().orElseThrow()));
    }
    assertThat(streamed).isEqualTo(tokens);
  }

  @Test
  void whatFailsBeforeTheFirstChunkIsAPlainError() {
    assertThatThrownBy(
            () ->
                client
                    .chat()
                    .completions()
                    .createStreaming(params().maxCompletionTokens(100_000).build()))
        .isInstanceOfSatisfying(
            BadRequestException.class,
            e -> assertThat(e.code()).contains("context_length_exceeded"));
  }

  @Test
  void refusalsNameTheParameter() {
    refused(params().temperature(2.5), "invalid_value", "temperature");
    refused(params().model("absent"), "model_not_found", "model");
    refused(params().addUserMessage("x".repeat(300)), "context_length_exceeded", "messages");
    refused(params().addUserMessage("a <|end|> b"), "invalid_prompt", "messages[1].content");
  }

  private void refused(ChatCompletionCreateParams.Builder params, String code, String param) {
    assertThatThrownBy(() -> client.chat().completions().create(params.build()))
        .isInstanceOfSatisfying(
            OpenAIServiceException.class,
            e -> {
              assertThat(e.code()).contains(code);
              assertThat(e.param()).contains(param);
            });
  }

  @Test
  void eventsTravelAsOpenAiSendsThem() throws Exception {
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(
                HttpRequest.newBuilder(URI.create(url() + "/v1/chat/completions"))
                    .header("authorization", "Bearer " + key)
                    .header("content-type", "application/json")
                    .POST(
                        BodyPublishers.ofString(
                            """
                            {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 4,
                             "temperature": 0, "stream": true, "stream_options": {"include_usage": true}}
                            """))
                    .build(),
                BodyHandlers.ofString());
    assertThat(response.headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
    List<String> events = List.of(response.body().split("\n\n"));
    assertThat(events).allMatch(event -> event.startsWith("data: ")).hasSizeGreaterThan(4);
    assertThat(events.getFirst())
        .contains("\"delta\":{\"role\":\"assistant\",\"content\":\"\"", "\"usage\":null");
    assertThat(events.get(events.size() - 3)).contains("\"finish_reason\":\"length\"");
    assertThat(events.get(events.size() - 2)).contains("\"choices\":[]", "\"completion_tokens\":4");
    assertThat(events.getLast()).isEqualTo("data: [DONE]");
  }

  private static ChatCompletionCreateParams.Builder params() {
    return ChatCompletionCreateParams.builder().model("tiny").addUserMessage("hi");
  }

  private static List<String> texts(ChatCompletion completion) {
    return completion.choices().stream().map(c -> c.message().content().orElseThrow()).toList();
  }
}
