package dev.graft.platform;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.swagger.v3.core.jackson.ModelResolver;
import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.media.ObjectSchema;
import io.swagger.v3.oas.models.media.Schema;
import io.swagger.v3.oas.models.media.StringSchema;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.security.SecurityRequirement;
import io.swagger.v3.oas.models.security.SecurityScheme;
import java.util.List;
import java.util.Map;
import org.springdoc.core.customizers.GlobalOpenApiCustomizer;
import org.springdoc.core.providers.ObjectMapperProvider;
import org.springdoc.core.utils.SpringDocUtils;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The OpenAPI document's frame: title, bearer keys, and the errors that every operation has. */
@Configuration
@Profile("server")
class OpenApiConfiguration {
  private static final String BEARER = "bearer";
  private static final String ENVELOPE = "ErrorEnvelope";
  private static final Map<String, String> ERRORS =
      Map.of(
          "400", "The request is wrong; `param` says where",
          "401", "No key, or one that is not valid (any more)",
          "404", "No such thing in this department",
          "429", "Too many requests; `retry-after` says when to come back",
          "500", "Graft failed; the request id leads to its log");

  static {
    // A JSON tree is an object to a reader of the document, whatever Java has inside it.
    SpringDocUtils.getConfig()
        .replaceWithSchema(JsonNode.class, new ObjectSchema())
        .replaceWithSchema(ObjectNode.class, new ObjectSchema());
  }

  @Bean
  OpenAPI openApi() {
    return new OpenAPI()
        .info(
            new Info()
                .title("Graft")
                .version("v1")
                .description(
                    "Self-hosted fine-tuning: data in, LoRA adapter out. The paths of OpenAI's API"
                        + " behave as its SDKs expect; the others are Graft's own.")
                .license(new License().name("Apache-2.0")))
        .components(
            new Components()
                .addSecuritySchemes(
                    BEARER,
                    new SecurityScheme()
                        .type(SecurityScheme.Type.HTTP)
                        .scheme("bearer")
                        .description("A department's key")))
        .addSecurityItem(new SecurityRequirement().addList(BEARER));
  }

  /** The document names fields as they travel; springdoc's own mapper does not know ours. */
  @Bean
  ModelResolver snakeCaseFields(ObjectMapperProvider mappers) {
    return new ModelResolver(
        mappers.jsonMapper().copy().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE));
  }

  /** Every operation can fail in the same shape. */
  @Bean
  GlobalOpenApiCustomizer errorsOfEveryOperation() {
    return document -> {
      document.getComponents().addSchemas(ENVELOPE, envelope());
      document
          .getPaths()
          .values()
          .forEach(path -> path.readOperations().forEach(OpenApiConfiguration::addErrors));
    };
  }

  private static void addErrors(Operation operation) {
    ERRORS.forEach(
        (status, meaning) ->
            operation
                .getResponses()
                .computeIfAbsent(
                    status,
                    absent ->
                        new ApiResponse()
                            .description(meaning)
                            .content(
                                new Content()
                                    .addMediaType(
                                        "application/json",
                                        new MediaType()
                                            .schema(
                                                new Schema<>()
                                                    .$ref("#/components/schemas/" + ENVELOPE))))));
  }

  private static Schema<?> envelope() {
    Schema<?> error =
        new ObjectSchema()
            .addProperty("message", new StringSchema().description("What is wrong and what to do"))
            .addProperty("type", new StringSchema().description("such as invalid_request_error"))
            .addProperty("param", text("the field in question"))
            .addProperty("code", text("a stable name of the error"))
            .required(List.of("message", "type", "param", "code"));
    return new ObjectSchema().addProperty("error", error).required(List.of("error"));
  }

  private static Schema<?> text(String description) {
    return new StringSchema().description(description).nullable(true);
  }
}
