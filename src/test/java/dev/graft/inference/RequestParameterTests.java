package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.inference.BodyFields.RequestParameter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class RequestParameterTests {
  /** What OpenAI's reference documents for a chat, as of August 2026. */
  private static final String OF_A_CHAT =
      """
      metadata top_logprobs temperature top_p user safety_identifier prompt_cache_key prompt_cache_retention
      prompt_cache_options messages model service_tier modalities verbosity reasoning_effort max_completion_tokens
      frequency_penalty presence_penalty web_search_options response_format audio store moderation stream stop
      logit_bias logprobs max_tokens n prediction seed stream_options tools tool_choice parallel_tool_calls
      function_call functions
      """;

  /** And for a completion. */
  private static final String OF_A_COMPLETION =
      """
      model prompt best_of echo frequency_penalty logit_bias logprobs max_tokens n presence_penalty seed stop stream
      stream_options suffix temperature top_p user
      """;

  @Test
  void everyDocumentedParameterHasItsTreatment() {
    assertThat(GenerationRequest.ChatRequest.PARAMETERS)
        .extracting(RequestParameter::name)
        .containsExactlyInAnyOrder(OF_A_CHAT.strip().split("\\s+"));
    assertThat(GenerationRequest.TextCompletionRequest.PARAMETERS)
        .extracting(RequestParameter::name)
        .containsExactlyInAnyOrder(OF_A_COMPLETION.strip().split("\\s+"));
  }

  @Test
  void theTablesForPeopleAreTheTablesOfTheCode() throws IOException {
    String page = Files.readString(Path.of("docs/chat.md"));
    assertThat(rows(page, "## Parameters of a chat"))
        .isEqualTo(rows(GenerationRequest.ChatRequest.PARAMETERS));
    assertThat(rows(page, "## Parameters of a completion"))
        .isEqualTo(rows(GenerationRequest.TextCompletionRequest.PARAMETERS));
  }

  private static List<String> rows(String page, String heading) {
    String section = page.substring(page.indexOf(heading + "\n") + heading.length());
    return section
        .lines()
        .takeWhile(line -> !line.startsWith("## "))
        .filter(line -> line.matches("\\| `[a-z_]+` \\| (honoured|ignored|refused) .*"))
        .toList();
  }

  private static List<String> rows(List<RequestParameter> table) {
    return table.stream().map(RequestParameterTests::row).toList();
  }

  private static String row(RequestParameter parameter) {
    String values =
        parameter.neutral().stream().map(v -> "`" + v + "`").collect(Collectors.joining(", "));
    if (values.isEmpty()) {
      values =
          switch (parameter.treatment()) {
            case HONOURED -> "as OpenAI";
            case IGNORED -> "any";
            case REFUSED -> "none";
          };
    }
    return "| `%s` | %s | %s | %s |"
        .formatted(
            parameter.name(),
            parameter.treatment().name().toLowerCase(Locale.ROOT),
            values,
            parameter.note());
  }
}
