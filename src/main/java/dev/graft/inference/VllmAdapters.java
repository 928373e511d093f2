package dev.graft.inference;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * vLLM's endpoints for LoRA adapters at run time: {@code /v1/load_lora_adapter}, {@code
 * /v1/unload_lora_adapter} and what {@code /v1/models} says of them. They are there with {@code
 * --enable-lora} and {@code VLLM_ALLOW_RUNTIME_LORA_UPDATING=True}.
 */
final class VllmAdapters {
  private static final Duration SHORT = Duration.ofSeconds(10);
  private static final Duration LOADING = Duration.ofMinutes(2);
  private static final int OK = 200;
  private static final int NOT_FOUND = 404;
  private static final String LOADED_ALREADY = "already been loaded";

  private final EngineHttp engine;

  public VllmAdapters(EngineHttp engine) {
    this.engine = engine;
  }

  /**
   * The models that it serves, base models among them, each with its {@code root}: of an adapter
   * the path that it was loaded from; empty where none is told.
   *
   * @throws EngineRefused if it answers anything else
   */
  public Map<String, String> models() throws IOException, InterruptedException {
    HttpResponse<InputStream> response = engine.get("/models", SHORT);
    try (InputStream body = response.body()) {
      if (response.statusCode() != OK) throw refused(response, body);
      Map<String, String> models = new LinkedHashMap<>();
      for (JsonNode each : EngineHttp.json(body).path("data")) {
        models.put(each.path("id").asString(""), each.path("root").asString(""));
      }
      return models;
    } catch (JacksonException notJson) {
      throw new EngineRefused(OK, "what /models answers is not JSON");
    }
  }

  /**
   * Loads an adapter under a name that is free.
   *
   * @param path of its directory, as the engine sees it
   * @throws EngineRefused if it does not load it
   */
  public void load(String name, String path) throws IOException, InterruptedException {
    post("load", loading(name, path));
  }

  /**
   * Loads an adapter under a name that has one. Engines before vLLM's {@code load_inplace} have
   * none under the name for the moment in between.
   *
   * @throws EngineRefused as {@link #load}
   */
  public void replace(String name, String path) throws IOException, InterruptedException {
    try {
      post("load", loading(name, path).put("load_inplace", true));
    } catch (EngineRefused older) {
      if (!older.hasItAlready()) throw older;
      unload(name);
      load(name, path);
    }
  }

  /** That there is none is no failure. */
  public void unload(String name) throws IOException, InterruptedException {
    try {
      post("unload", JsonNodeFactory.instance.objectNode().put("lora_name", name));
    } catch (EngineRefused gone) {
      if (gone.status() != NOT_FOUND || gone.lacksEndpoints()) throw gone;
    }
  }

  private static ObjectNode loading(String name, String path) {
    return JsonNodeFactory.instance.objectNode().put("lora_name", name).put("lora_path", path);
  }

  private void post(String what, JsonNode body) throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        engine.post("/%s_lora_adapter".formatted(what), body, LOADING);
    try (InputStream answer = response.body()) {
      if (response.statusCode() != OK) throw refused(response, answer);
    }
  }

  private static EngineRefused refused(HttpResponse<?> response, InputStream body)
      throws IOException {
    return new EngineRefused(response.statusCode(), EngineHttp.message(body));
  }

  /** The engine says no. */
  public static final class EngineRefused extends IOException {
    private static final long serialVersionUID = 1;

    private final int status;

    EngineRefused(int status, String message) {
      super(message);
      this.status = status;
    }

    public int status() {
      return status;
    }

    boolean hasItAlready() {
      return said().contains(LOADED_ALREADY);
    }

    /** FastAPI's answer where there is no such route. */
    public boolean lacksEndpoints() {
      return status == NOT_FOUND && said().equals("Not Found");
    }

    private String said() {
      return String.valueOf(getMessage());
    }
  }
}
