package dev.graft.inference.api.completions;

import dev.graft.inference.api.DeprecationHeaders;
import dev.graft.inference.api.GenerationChunks;
import dev.graft.inference.api.GenerationStream;
import dev.graft.inference.generation.GenerationRequest;
import dev.graft.inference.generation.Generations;
import dev.graft.inference.generation.OngoingGeneration;
import dev.graft.inference.generation.StreamOptions;
import dev.graft.platform.web.EventStream;
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
class TextCompletionController {
  private final Generations answers;
  private final JsonMapper json;

  TextCompletionController(Generations answers, JsonMapper json) {
    this.answers = answers;
    this.json = json;
  }

  @PostMapping("/v1/completions")
  @Nullable TextCompletion complete(
      @AuthenticationPrincipal Caller caller,
      @RequestBody JsonNode body,
      HttpServletResponse response)
      throws IOException {
    GenerationRequest request = TextCompletionRequest.read(body);
    try (OngoingGeneration answering = answers.begin(caller.departmentId(), "cmpl-", request)) {
      DeprecationHeaders.write(response, answering.head().published());
      StreamOptions options = request.stream();
      if (options == null) return TextCompletion.of(answering, request.logprobs());
      GenerationChunks chunks =
          new TextCompletionChunks(answering.head(), options, request.logprobs());
      EventStream events = new EventStream(response, json);
      new GenerationStream(events, chunks, request.choices(), options).relay(answering);
      return null;
    }
  }
}
