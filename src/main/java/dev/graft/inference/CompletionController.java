package dev.graft.inference;

import dev.graft.platform.EventStream;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's chat completions and completions, which are read and written each in its own way. */
@RestController
class CompletionController {
  private final Generations generations;
  private final JsonMapper json;

  CompletionController(Generations generations, JsonMapper json) {
    this.generations = generations;
    this.json = json;
  }

  @PostMapping("/v1/chat/completions")
  @Nullable ObjectNode chat(
      @AuthenticationPrincipal Caller caller,
      @RequestBody JsonNode body,
      HttpServletResponse response)
      throws IOException {
    BodyFields fields = new BodyFields(body);
    GenerationRequest request = ChatRequest.read(fields);
    CompletionFormat format = new ChatFormat(request.logprobs());
    return answer(caller, request, StreamOptions.read(fields), format, response);
  }

  @PostMapping("/v1/completions")
  @Nullable ObjectNode complete(
      @AuthenticationPrincipal Caller caller,
      @RequestBody JsonNode body,
      HttpServletResponse response)
      throws IOException {
    BodyFields fields = new BodyFields(body);
    GenerationRequest request = TextCompletionRequest.read(fields);
    CompletionFormat format = new TextCompletionFormat(request.logprobs());
    return answer(caller, request, StreamOptions.read(fields), format, response);
  }

  /**
   * @param stream null if the answer comes whole
   * @return null where it was sent as events
   */
  private @Nullable ObjectNode answer(
      Caller caller,
      GenerationRequest request,
      @Nullable StreamOptions stream,
      CompletionFormat format,
      HttpServletResponse response)
      throws IOException {
    try (OngoingGeneration generation =
        generations.begin(caller.departmentId(), format.idPrefix(), request)) {
      ModelHeaders.write(response, generation.head().version(), generation.head().published());
      if (stream == null) return whole(generation, format);
      new GenerationStream(new EventStream(response, json), generation, format, stream)
          .relay(request.choices());
      return null;
    }
  }

  private static ObjectNode whole(OngoingGeneration generation, CompletionFormat format) {
    List<OngoingGeneration.Choice> answers = generation.whole();
    ObjectNode whole = generation.head().frame(format.object());
    ArrayNode choices = whole.putArray("choices");
    for (int i = 0; i < answers.size(); i++) choices.addPOJO(format.whole(i, answers.get(i)));
    return whole.putPOJO("usage", CompletionUsage.of(generation.done()));
  }
}
