package dev.graft.training;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.EnumNamingStrategies;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** Writes and reads the lines of the protocol: snake_case JSON without line breaks. */
public final class ProtocolLines {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enumNamingStrategy(EnumNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .build();

  private ProtocolLines() {}

  public static String write(RunRequest request) {
    return MAPPER.writeValueAsString(request);
  }

  public static String write(TrainingEvent event) {
    return MAPPER.writerFor(TrainingEvent.class).writeValueAsString(event);
  }

  public static String write(TrainerDirective directive) {
    return MAPPER.createObjectNode().set("directive", MAPPER.valueToTree(directive)).toString();
  }

  /**
   * @throws IllegalArgumentException if the line is not a run request
   */
  public static RunRequest readRequest(String line) {
    return read(line, RunRequest.class);
  }

  /**
   * @throws IllegalArgumentException if the line is not an event
   */
  public static TrainingEvent readEvent(String line) {
    return read(line, TrainingEvent.class);
  }

  /**
   * @throws IllegalArgumentException if the line is not a directive
   */
  public static TrainerDirective readDirective(String line) {
    JsonNode directive = read(line, JsonNode.class).path("directive");
    try {
      TrainerDirective value = MAPPER.treeToValue(directive, TrainerDirective.class);
      if (value != null) return value;
    } catch (JacksonException e) {
      throw new IllegalArgumentException("not a directive", e);
    }
    throw new IllegalArgumentException("not a directive");
  }

  private static <T> T read(String line, Class<T> type) {
    try {
      T value = MAPPER.readValue(line, type);
      if (value != null) return value;
    } catch (JacksonException e) {
      throw new IllegalArgumentException("not a " + type.getSimpleName() + " line", e);
    }
    throw new IllegalArgumentException("not a " + type.getSimpleName() + " line");
  }
}
