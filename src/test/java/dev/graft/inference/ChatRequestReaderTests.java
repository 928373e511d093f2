package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.inference.child.Ask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class ChatRequestReaderTests {
  @Test
  void theDefaultsThatClientsSendAreAccepted() {
    ChatRequest request =
        read(
            """
            {"model": "m", "messages": [{"role": "user", "content": "hi"}], "n": 1, "temperature": 0, "top_p": 1.0,
             "stream": false, "presence_penalty": 0, "frequency_penalty": 0.0, "logprobs": false, "tools": [],
             "tool_choice": "none", "response_format": {"type": "text"}, "logit_bias": {}, "stop": null, "user": "u",
             "seed": 7, "metadata": {"a": "b"}, "store": true, "max_tokens": null}
            """);
    assertThat(request.maxTokens()).isNull();
    assertThat(request.stop()).isEmpty();
    assertThat(request.messages()).containsExactly(new Ask.Turn("user", "hi"));
  }

  @Test
  void partsOfTextAreJoinedAndAnAnswerMayBeSentBack() {
    ChatRequest request =
        read(
            """
            {"model": "m", "stop": ["a", "b"], "max_completion_tokens": 3, "max_tokens": 3, "messages": [
             {"role": "developer", "content": [{"type": "text", "text": "be "}, {"type": "text", "text": "brief"}]},
             {"role": "assistant", "content": "yes", "refusal": null, "annotations": [], "tool_calls": null}]}
            """);
    assertThat(request.messages())
        .containsExactly(new Ask.Turn("system", "be brief"), new Ask.Turn("assistant", "yes"));
    assertThat(request.stop()).containsExactly("a", "b");
    assertThat(request.maxTokens()).isEqualTo(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "stream | true",
        "temperature | 0.7",
        "top_p | 0.9",
        "n | 2",
        "tools | [{\"type\": \"function\"}]",
        "logprobs | true",
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
        .isInstanceOf(ChatRefused.class)
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
        .isInstanceOf(ChatRefused.class)
        .hasMessageContaining("'" + parts[1] + "'");
  }

  private static ChatRequest read(String json) {
    return ChatRequestReader.read(new JsonMapper().readTree(json));
  }
}
