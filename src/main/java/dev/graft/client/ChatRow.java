package dev.graft.client;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** A question and its answer, with a product sheet above it or not. */
record ChatRow(@Nullable String system, String user, String assistant) {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** One line of a chat training file. */
  public String json() {
    var messages = new ArrayList<Map<String, String>>();
    if (system != null) messages.add(message("system", system));
    messages.add(message("user", user));
    messages.add(message("assistant", assistant));
    return JSON.writeValueAsString(Map.of("messages", messages));
  }

  private static Map<String, String> message(String role, String content) {
    var message = new LinkedHashMap<String, String>();
    message.put("role", role);
    message.put("content", content);
    return message;
  }

  public List<String> texts() {
    return system == null ? List.of(user, assistant) : List.of(system, user, assistant);
  }
}
