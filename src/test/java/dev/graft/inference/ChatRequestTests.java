package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.model.Sampling;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class ChatRequestTests {
  @Test
  void theDefaultsThatClientsSendAreAccepted() {
    GenerationRequest request =
        read(
            """
            {"model": "m", "messages": [{"role": "user", "content": "hi"}], "n": 1, "temperature": 0, "top_p": 1.0,
             "stream": false, "presence_penalty": 0, "frequency_penalty": 0.0, "logprobs": false, "tools": [],
             "tool_choice": "none", "response_format": {"type": "text"}, "logit_bias": {}, "stop": null, "user": "u",
             "seed": 7, "metadata": {"a": "b"}, "store": true, "max_tokens": null}
            """);
    assertThat(request.decoding().maxTokens()).isNull();
    assertThat(request.decoding().stop()).isEmpty();
    assertThat(request.prompts())
        .containsExactly(new Prompt.Conversation(List.of(new Prompt.Turn("user", "hi"))));
  }

  @Test
  void partsOfTextAreJoinedAndAnAnswerMayBeSentBack() {
    GenerationRequest request =
        read(
            """
            {"model": "m", "stop": ["a", "b"], "max_completion_tokens": 3, "max_tokens": 3, "messages": [
             {"role": "developer", "content": [{"type": "text", "text": "be "}, {"type": "text", "text": "brief"}]},
             {"role": "assistant", "content": "yes", "refusal": null, "annotations": [], "tool_calls": null}]}
            """);
    assertThat(request.prompts())
        .containsExactly(
            new Prompt.Conversation(
                List.of(
                    new Prompt.Turn("system", "be brief"), new Prompt.Turn("assistant", "yes"))));
    assertThat(request.decoding().stop()).containsExactly("a", "b");
    assertThat(request.decoding().maxTokens()).isEqualTo(3);
  }

  @Test
  void samplingIsReadAsOpenAiDocumentsIt() {
    GenerationRequest request =
        read(
            """
            {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.7, "top_p": 0.9, "n": 3,
             "seed": 42, "frequency_penalty": -1.5, "presence_penalty": 2, "logit_bias": {"50256": -100, "7": 0.5},
             "stream": true, "stream_options": {"include_usage": true, "include_obfuscation": false}}
            """);
    assertThat(request.decoding().choices()).isEqualTo(3);
    assertThat(request.decoding().sampling())
        .isEqualTo(new Sampling(0.7, 0.9, -1.5, 2, Map.of(50256, -100.0, 7, 0.5), 42));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | ",
        "{\"stream\": false} | ",
        "{\"stream\": true} | false",
        "{\"stream\": true, \"stream_options\": {\"include_usage\": true}} | true"
      })
  void anAnswerComesInPartsWhereItIsAskedFor(String body, @Nullable Boolean usage) {
    assertThat(
            CompletionController.StreamOptions.read(
                new BodyFields(new JsonMapper().readTree(body))))
        .isEqualTo(usage == null ? null : new CompletionController.StreamOptions(usage));
  }

  @Test
  void withoutASeedEveryRequestGetsAnother() {
    String body = "{\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"hi\"}]}";
    assertThat(read(body).decoding().sampling().seed())
        .isNotEqualTo(read(body).decoding().sampling().seed());
    assertThat(read(body).decoding().sampling().temperature()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"logit_bias\": {\"x\": 1} | logit_bias.x",
        "\"logit_bias\": {\"-1\": 1} | logit_bias.-1",
        "\"logit_bias\": {\"5\": 101} | logit_bias.5",
        "\"stream\": true, \"stream_options\": {\"pace\": 1} | stream_options.pace",
        "\"stream\": true, \"stream_options\": {\"include_usage\": 1} |"
            + " stream_options.include_usage"
      })
  void fieldsInsideAreRefusedByTheirPath(String field, String path) {
    assertThatThrownBy(
            () ->
                read(
                    "{\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"hi\"}], "
                        + field
                        + "}"))
        .isInstanceOf(InferenceRefused.class)
        .hasMessageContaining("'" + path + "'");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "stream | 1",
        "stream_options | {\"include_usage\": true}",
        "temperature | 2.1",
        "temperature | \"hot\"",
        "temperature | -0.1",
        "temperature | 1e999",
        "top_p | 1.1",
        "n | 0",
        "n | 129",
        "n | 1.5",
        "seed | 1.5",
        "seed | 99999999999999999999",
        "frequency_penalty | 3",
        "presence_penalty | -3",
        "logit_bias | []",
        "tools | [{\"type\": \"function\"}]",
        "logprobs | 3",
        "top_logprobs | 2",
        "top_logprobs | 21",
        "response_format | {\"type\": \"json_object\"}",
        "max_tokens | 0",
        "max_tokens | 1.5",
        "max_tokens | 99999999999",
        "stop | [\"a\",\"b\",\"c\",\"d\",\"e\"]",
        "stop | \"\"",
        "best_of | 1"
      })
  void whatWouldChangeTheAnswerIsRefusedByName(String name, String value) {
    assertThatThrownBy(
            () ->
                read(
                    "{\"model\": \"m\", \"messages\": [{\"role\": \"user\", \"content\": \"hi\"}], \"%s\": %s}"
                        .formatted(name, value)))
        .isInstanceOf(InferenceRefused.class)
        .hasMessageContaining("'" + name + "'");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[{\"role\": \"tool\", \"content\": \"x\"}] | messages[0].role",
        "[{\"role\": \"king\", \"content\": \"x\"}] | messages[0].role",
        "[{\"role\": \"user\", \"content\": null}] | messages[0].content",
        "[{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}] |"
            + " messages[0].content[0].type",
        "[{\"role\": \"user\", \"content\": \"x\", \"name\": \"bo\"}] | messages[0].name",
        "[{\"role\": \"user\", \"content\": \"x\", \"mood\": 1}] | messages[0].mood",
        "[7] | messages[0]",
        "[] | messages",
        "\"hi\" | messages"
      })
  void aBadMessageIsRefusedByItsPath(String line) {
    String[] parts = line.split(" \\| ");
    assertThatThrownBy(() -> read("{\"model\": \"m\", \"messages\": " + parts[0] + "}"))
        .isInstanceOf(InferenceRefused.class)
        .hasMessageContaining("'" + parts[1] + "'");
  }

  private static GenerationRequest read(String json) {
    BodyFields fields = new BodyFields(new JsonMapper().readTree(json));
    GenerationRequest request = GenerationRequest.ChatRequest.read(fields);
    CompletionController.StreamOptions.read(fields);
    return request;
  }
}
