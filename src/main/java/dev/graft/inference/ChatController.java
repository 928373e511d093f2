package dev.graft.inference;

import dev.graft.tenancy.Caller;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.ArraySchema;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.media.SchemaProperty;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** OpenAI's chat completions. */
@RestController
@Profile("server")
@Tag(name = "Chat", description = "Try a base model or an adapter out")
class ChatController {
  private final Answers answers;
  private final JsonMapper json;

  ChatController(Answers answers, JsonMapper json) {
    this.answers = answers;
    this.json = json;
  }

  @PostMapping("/v1/chat/completions")
  @Operation(
      operationId = "createChatCompletion",
      summary = "Answer a conversation",
      description =
          "What happens to each parameter: docs/chat.md. With stream: true the answer comes as"
              + " server-sent events of chat.completion.chunk objects and ends with [DONE].",
      requestBody =
          @io.swagger.v3.oas.annotations.parameters.RequestBody(
              required = true,
              content =
                  @Content(
                      mediaType = "application/json",
                      schemaProperties = {
                        @SchemaProperty(name = "model", schema = @Schema(type = "string")),
                        @SchemaProperty(
                            name = "messages",
                            array = @ArraySchema(schema = @Schema(type = "object"))),
                        @SchemaProperty(
                            name = "max_completion_tokens",
                            schema = @Schema(type = "integer", minimum = "1"))
                      })))
  @Nullable ChatCompletion complete(
      @AuthenticationPrincipal Caller caller,
      @RequestBody JsonNode body,
      HttpServletResponse response)
      throws IOException {
    AnswerRequest request = ChatRequest.read(body);
    try (Answering answering = answers.begin(caller.departmentId(), "chatcmpl-", request)) {
      StreamOptions options = request.stream();
      if (options == null) return ChatCompletion.of(answering, request.logprobs());
      AnswerChunks chunks = new ChatChunks(answering.head(), options, request.logprobs());
      EventStream events = new EventStream(response, json);
      new AnswerStream(events, chunks, request.choices(), options).relay(answering);
      return null;
    }
  }
}
