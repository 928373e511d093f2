package dev.graft.inference;

import dev.graft.platform.EventStream;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** OpenAI's completions: a model continues a text. */
@RestController
class CompletionController {
  private final Answers answers;
  private final JsonMapper json;

  CompletionController(Answers answers, JsonMapper json) {
    this.answers = answers;
    this.json = json;
  }

  @PostMapping("/v1/completions")
  @Nullable TextCompletion complete(
      @AuthenticationPrincipal Caller caller,
      @RequestBody JsonNode body,
      HttpServletResponse response)
      throws IOException {
    AnswerRequest request = CompletionRequest.read(body);
    try (Answering answering = answers.begin(caller.departmentId(), "cmpl-", request)) {
      DeprecationHeaders.write(response, answering.head().published());
      StreamOptions options = request.stream();
      if (options == null) return TextCompletion.of(answering, request.logprobs());
      AnswerChunks chunks = new CompletionChunks(answering.head(), options, request.logprobs());
      EventStream events = new EventStream(response, json);
      new AnswerStream(events, chunks, request.choices(), options).relay(answering);
      return null;
    }
  }
}
