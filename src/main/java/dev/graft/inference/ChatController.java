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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
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
  private static final Logger log = LoggerFactory.getLogger(ChatController.class);

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
    ChatRequest request = ChatRequest.read(body);
    try (Answering answering = answers.begin(caller.departmentId(), request)) {
      boolean logprobs = request.decoding().topLogprobs() != null;
      if (request.stream() == null) return ChatCompletion.of(answering, logprobs);
      ChatChunks chunks = new ChatChunks(answering.head(), request.stream(), logprobs);
      stream(
          answering,
          new ChatStream(new EventStream(response, json), chunks, request.decoding().choices()));
      return null;
    }
  }

  private static void stream(Answering answering, ChatStream stream) {
    try {
      stream.relay(answering);
    } catch (IOException gone) {
      log.atInfo().addKeyValue("answer", answering.head().id()).log("chat_left");
    }
  }
}
