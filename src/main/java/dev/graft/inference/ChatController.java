package dev.graft.inference;

import dev.graft.tenancy.Caller;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.ArraySchema;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.media.SchemaProperty;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.io.IOException;
import org.springframework.context.annotation.Profile;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** OpenAI's chat completions. */
@RestController
@Profile("server")
@Tag(name = "Chat", description = "Try a base model or an adapter out")
class ChatController {
  private final ChatService chats;

  ChatController(ChatService chats) {
    this.chats = chats;
  }

  @PostMapping("/v1/chat/completions")
  @Operation(
      operationId = "createChatCompletion",
      summary = "Answer a conversation, greedily",
      description = "What happens to each parameter: docs/chat.md.",
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
  ChatCompletion complete(@AuthenticationPrincipal Caller caller, @RequestBody JsonNode body)
      throws IOException {
    return chats.complete(caller.departmentId(), ChatRequestReader.read(body));
  }
}
