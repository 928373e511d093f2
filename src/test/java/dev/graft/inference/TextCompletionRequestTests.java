package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

class TextCompletionRequestTests {
  static Stream<Arguments> prompts() {
    Prompt a = new Prompt.PlainText("a");
    Prompt ids = new Prompt.TokenIds(List.of(1, 2));
    return Stream.of(
        Arguments.of("\"a\"", List.of(a)),
        Arguments.of("\"\"", List.of(new Prompt.PlainText(""))),
        Arguments.of("[\"a\", \"a\"]", List.of(a, a)),
        Arguments.of("[1, 2]", List.of(ids)),
        Arguments.of("[[1, 2], [1, 2]]", List.of(ids, ids)),
        Arguments.of("[\"a\", [1, 2]]", List.of(a, ids)));
  }

  @ParameterizedTest
  @MethodSource("prompts")
  void aPromptIsATextOrTokensOrAListOfEither(String json, List<Prompt> prompts) {
    GenerationRequest request = read("\"prompt\": " + json);
    assertThat(request.prompts()).isEqualTo(prompts);
    assertThat(request.decoding().maxTokens()).isEqualTo(16);
    assertThat(request.decoding().topLogprobs()).isNull();
  }

  @Test
  void fieldsAreReadAsOpenAiDocumentsThem() {
    GenerationRequest request =
        read(
            """
            "prompt": ["a", "b"], "echo": true, "max_tokens": 0, "n": 3, "logprobs": 5, "best_of": 1, "suffix": null,
            "user": "u", "stream": true
            """);
    assertThat(request.choices()).isEqualTo(6);
    assertThat(request.decoding().echo()).isTrue();
    assertThat(request.decoding().maxTokens()).isZero();
    assertThat(request.decoding().topLogprobs()).isEqualTo(5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"echo\": true | prompt",
        "\"prompt\": null | prompt",
        "\"prompt\": [] | prompt",
        "\"prompt\": 7 | prompt",
        "\"prompt\": [\"a\", 1] | prompt[1]",
        "\"prompt\": [\"a\", null] | prompt[1]",
        "\"prompt\": [\"a\", []] | prompt[1]",
        "\"prompt\": [1, \"a\"] | prompt[1]",
        "\"prompt\": [[1, -2]] | prompt[0][1]",
        "\"prompt\": [\"a\", \"b\"], \"n\": 65 | prompt",
        "\"prompt\": \"a\", \"suffix\": \"z\" | suffix",
        "\"prompt\": \"a\", \"best_of\": 2 | best_of",
        "\"prompt\": \"a\", \"logprobs\": 6 | logprobs",
        "\"prompt\": \"a\", \"logprobs\": true | logprobs",
        "\"prompt\": \"a\", \"max_tokens\": -1 | max_tokens",
        "\"prompt\": \"a\", \"messages\": [] | messages"
      })
  void whatIsWrongIsRefusedByItsPath(String fields, String path) {
    assertThatThrownBy(() -> read(fields))
        .isInstanceOf(InferenceRefused.class)
        .hasMessageContaining("'" + path + "'");
  }

  private static GenerationRequest read(String fields) {
    return GenerationRequest.TextCompletionRequest.read(
        new BodyFields(new JsonMapper().readTree("{\"model\": \"m\", " + fields + "}")));
  }
}
