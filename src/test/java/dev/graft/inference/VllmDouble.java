package dev.graft.inference;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What vLLM documents of {@code /v1/models}, {@code /v1/load_lora_adapter} and {@code
 * /v1/unload_lora_adapter} (docs/features/lora.md; the sentences of its errors are those of {@code
 * OpenAIServingModels}). It reads the adapter's configuration where it is told to.
 */
final class VllmDouble implements AutoCloseable {
  static final String BASE = "org/served";
  static final int MAX_RANK = 16;
  private static final String KEY = "vllm-key";
  private static final JsonMapper JSON = new JsonMapper();

  private final HttpServer server;
  private final Map<String, String> loaded = new LinkedHashMap<>();
  private final List<String> asked = new ArrayList<>();

  /** With {@code --enable-lora} and {@code VLLM_ALLOW_RUNTIME_LORA_UPDATING}. */
  volatile boolean updating = true;

  /** Whether it knows {@code load_inplace}. */
  volatile boolean inPlace = true;

  VllmDouble() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1");
  }

  static String key() {
    return KEY;
  }

  /** As a start does. */
  synchronized void forgetAll() {
    loaded.clear();
  }

  /** Loaded by somebody else. */
  synchronized void load(String name, String path) {
    loaded.put(name, path);
  }

  /** Paths by name. */
  synchronized Map<String, String> loaded() {
    return Map.copyOf(loaded);
  }

  /** Loads and unloads, in their order. */
  synchronized List<String> asked() {
    return List.copyOf(asked);
  }

  private synchronized void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String key = exchange.getRequestHeaders().getFirst("authorization");
      if (!("Bearer " + KEY).equals(key)) {
        send(exchange, 401, "{\"error\": \"Unauthorized\"}");
        return;
      }
      String path = exchange.getRequestURI().getPath();
      JsonNode body = JSON.readTree(exchange.getRequestBody().readAllBytes());
      if (path.equals("/v1/models")) {
        send(exchange, 200, models().toString());
      } else if (!updating) {
        send(exchange, 404, "{\"detail\": \"Not Found\"}");
      } else if (path.equals("/v1/load_lora_adapter")) {
        load(exchange, body);
      } else if (path.equals("/v1/unload_lora_adapter")) {
        unload(exchange, body);
      } else {
        send(exchange, 404, "{\"detail\": \"Not Found\"}");
      }
    }
  }

  private ObjectNode models() {
    ObjectNode list = JSON.createObjectNode().put("object", "list");
    ArrayNode data = list.putArray("data");
    data.addObject().put("id", BASE).put("object", "model").put("root", BASE).putNull("parent");
    loaded.forEach(
        (name, path) ->
            data.addObject()
                .put("id", name)
                .put("object", "model")
                .put("root", path)
                .put("parent", BASE));
    return list;
  }

  private void load(HttpExchange exchange, JsonNode body) throws IOException {
    String name = body.path("lora_name").asString("");
    String path = body.path("lora_path").asString("");
    boolean again = inPlace && body.path("load_inplace").asBoolean(false);
    asked.add((again ? "reload " : "load ") + name);
    if (name.isEmpty() || path.isEmpty()) {
      error(
          exchange, 400, "InvalidUserInput", "Both 'lora_name' and 'lora_path' must be provided.");
    } else if (loaded.containsKey(name) && !again) {
      error(
          exchange,
          400,
          "InvalidUserInput",
          "The lora adapter '" + name + "' has already been loaded.");
    } else if (!Files.exists(Path.of(path, "adapter_config.json"))) {
      error(
          exchange,
          404,
          "NotFoundError",
          "Loading lora " + name + " failed: No adapter found for " + path);
    } else {
      int rank = JSON.readTree(Path.of(path, "adapter_config.json").toFile()).path("r").asInt();
      if (rank > MAX_RANK) {
        error(
            exchange,
            400,
            "BadRequestError",
            "LoRA rank %d is greater than max_lora_rank %d.".formatted(rank, MAX_RANK));
        return;
      }
      loaded.put(name, path);
      send(exchange, 200, "Success: LoRA adapter '" + name + "' added successfully.");
    }
  }

  private void unload(HttpExchange exchange, JsonNode body) throws IOException {
    String name = body.path("lora_name").asString("");
    asked.add("unload " + name);
    if (loaded.remove(name) == null) {
      error(exchange, 404, "NotFoundError", "The lora adapter '" + name + "' cannot be found.");
    } else {
      send(exchange, 200, "Success: LoRA adapter '" + name + "' removed successfully.");
    }
  }

  private static void error(HttpExchange exchange, int status, String type, String message)
      throws IOException {
    ObjectNode error = JSON.createObjectNode();
    error.putObject("error").put("message", message).put("type", type).put("code", status);
    send(exchange, status, error.toString());
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    Objects.requireNonNull(exchange.getResponseBody()).write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
