package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ChatParameterTests {
  /** What OpenAI's reference documents for a chat, as of August 2026. */
  private static final String DOCUMENTED =
      """
      metadata top_logprobs temperature top_p user safety_identifier prompt_cache_key prompt_cache_retention
      prompt_cache_options messages model service_tier modalities verbosity reasoning_effort max_completion_tokens
      frequency_penalty presence_penalty web_search_options response_format audio store moderation stream stop
      logit_bias logprobs max_tokens n prediction seed stream_options tools tool_choice parallel_tool_calls
      function_call functions
      """;

  @Test
  void everyDocumentedParameterHasItsTreatment() {
    assertThat(Arrays.stream(ChatParameter.values()).map(ChatParameter::wireName))
        .containsExactlyInAnyOrder(DOCUMENTED.strip().split("\\s+"));
  }

  @Test
  void theTableForPeopleIsTheTableOfTheCode() throws IOException {
    List<String> documented =
        Files.readAllLines(Path.of("docs/chat.md")).stream()
            .filter(line -> line.matches("\\| `[a-z_]+` \\| (honoured|ignored|refused) .*"))
            .toList();
    assertThat(documented)
        .containsExactlyElementsOf(Arrays.stream(ChatParameter.values()).map(this::row).toList());
  }

  private String row(ChatParameter parameter) {
    String values =
        parameter.rule().neutral().stream()
            .map(v -> "`" + v + "`")
            .collect(Collectors.joining(", "));
    if (values.isEmpty()) {
      values =
          switch (parameter.rule().treatment()) {
            case HONOURED -> "as OpenAI";
            case IGNORED -> "any";
            case REFUSED -> "none";
          };
    }
    return "| `%s` | %s | %s | %s |"
        .formatted(
            parameter.wireName(),
            parameter.rule().treatment().name().toLowerCase(Locale.ROOT),
            values,
            parameter.rule().note());
  }
}
