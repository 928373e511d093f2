package dev.graft.inference;

import dev.graft.inference.Reply.TokenScore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The HTTP client of one engine. */
final class EngineHttp implements AutoCloseable {
  private static final int MAX_ERROR = 64 << 10;
  private static final int MAX_BODY = 16 << 20;
  private static final JsonMapper JSON = JsonMapper.shared();

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  private final URI url;
  private final @Nullable String apiKey;

  EngineHttp(URI url, @Nullable String apiKey) {
    this.url = url;
    this.apiKey = apiKey;
  }

  /**
   * Sends a POST request. The caller must close the body of the answer.
   *
   * @param timeout until the answer begins
   */
  HttpResponse<InputStream> post(String path, JsonNode body, Duration timeout)
      throws IOException, InterruptedException {
    return send(
        request(path, timeout)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(JSON.writeValueAsString(body))));
  }

  /** Sends a GET request, as {@link #post}. */
  HttpResponse<InputStream> get(String path, Duration timeout)
      throws IOException, InterruptedException {
    return send(request(path, timeout));
  }

  private HttpRequest.Builder request(String path, Duration timeout) {
    return HttpRequest.newBuilder(URI.create(url.toString().replaceAll("/+$", "") + path))
        .timeout(timeout);
  }

  private HttpResponse<InputStream> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    if (apiKey != null) request.header("authorization", "Bearer " + apiKey);
    return client.send(request.build(), BodyHandlers.ofInputStream());
  }

  /** Reads a body of bounded size. */
  static JsonNode json(InputStream body) throws IOException {
    return JSON.readTree(body.readNBytes(MAX_BODY));
  }

  /** Reads the events of a body. */
  static final class Events implements AutoCloseable {
    private static final String DATA = "data:";
    private final BufferedReader lines;

    Events(InputStream body) {
      lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
    }

    /** Returns null after the last event. */
    @Nullable EngineChunk next() throws IOException, InterruptedException {
      try {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (!line.startsWith(DATA)) continue;
          String data = line.substring(DATA.length()).strip();
          return data.equals("[DONE]") ? null : new EngineChunk(JSON.readTree(data));
        }
        return null;
      } catch (IOException broken) {
        if (Thread.interrupted()) throw new InterruptedException();
        throw broken;
      }
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }

  /** Returns the message of an error, in any known shape. */
  static String message(InputStream body) throws IOException {
    String text = new String(body.readNBytes(MAX_ERROR), StandardCharsets.UTF_8);
    try {
      JsonNode json = JSON.readTree(text);
      JsonNode error = json.path("error");
      JsonNode message = error.isObject() ? error.path("message") : json.path("message");
      return message.asString(error.asString(json.path("detail").asString("no message")));
    } catch (tools.jackson.core.JacksonException notJson) {
      return "no message";
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
  }

  /**
   * vLLM's endpoints for LoRA adapters at run time: {@code /v1/load_lora_adapter}, {@code
   * /v1/unload_lora_adapter} and their entries in {@code /v1/models}. They need {@code
   * --enable-lora} and {@code VLLM_ALLOW_RUNTIME_LORA_UPDATING=True}.
   */
  static final class VllmAdapters {
    private static final Duration SHORT = Duration.ofSeconds(10);
    private static final Duration LOADING = Duration.ofMinutes(2);
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    private static final String LOADED_ALREADY = "already been loaded";

    private final EngineHttp engine;

    VllmAdapters(EngineHttp engine) {
      this.engine = engine;
    }

    /**
     * Returns the served models, base models included, each with its {@code root}: the path of an
     * adapter, or an empty text.
     *
     * @throws EngineRefused if the answer is not a list of models
     */
    Map<String, String> models() throws IOException, InterruptedException {
      HttpResponse<InputStream> response = engine.get("/models", SHORT);
      try (InputStream body = response.body()) {
        if (response.statusCode() != OK) throw refused(response, body);
        Map<String, String> models = new LinkedHashMap<>();
        for (JsonNode each : EngineHttp.json(body).path("data")) {
          models.put(each.path("id").asString(""), each.path("root").asString(""));
        }
        return models;
      } catch (JacksonException notJson) {
        throw new EngineRefused(OK, "The answer of /models is not JSON.");
      }
    }

    /**
     * Loads an adapter under a free name.
     *
     * @param path of its directory, as the engine sees it
     * @throws EngineRefused if the engine does not load it
     */
    void load(String name, String path) throws IOException, InterruptedException {
      post("load", loading(name, path));
    }

    /**
     * Replaces the adapter under a name. Engines without vLLM's {@code load_inplace} have no
     * adapter under the name for a moment.
     *
     * @throws EngineRefused as {@link #load}
     */
    void replace(String name, String path) throws IOException, InterruptedException {
      try {
        post("load", loading(name, path).put("load_inplace", true));
      } catch (EngineRefused older) {
        if (!older.hasItAlready()) throw older;
        unload(name);
        load(name, path);
      }
    }

    /** Unloads an adapter; does nothing if there is none. */
    void unload(String name) throws IOException, InterruptedException {
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

    /** The engine refuses a request. */
    static final class EngineRefused extends IOException {
      private static final long serialVersionUID = 1;

      private final int status;

      EngineRefused(int status, String message) {
        super(message);
        this.status = status;
      }

      int status() {
        return status;
      }

      boolean hasItAlready() {
        return message().contains(LOADED_ALREADY);
      }

      /** Returns whether the answer is FastAPI's for an unknown route. */
      boolean lacksEndpoints() {
        return status == NOT_FOUND && message().equals("Not Found");
      }

      private String message() {
        return String.valueOf(getMessage());
      }
    }
  }

  /** One event of an engine's stream, of a chat or a completion. */
  record EngineChunk(JsonNode json) {
    /** Returns null if the event has no choice or nothing new. */
    Reply.@Nullable Piece piece(long id, int choice) {
      JsonNode only = json.path("choices").path(0);
      if (only.isMissingNode()) return null;
      JsonNode text = only.has("delta") ? only.path("delta").path("content") : only.path("text");
      Reply.End end =
          switch (only.path("finish_reason").asString("")) {
            case "" -> null;
            case "length" -> Reply.End.LENGTH;
            default -> Reply.End.STOP;
          };
      List<TokenScore> scores = scores(only.path("logprobs"));
      String more = text.asString("");
      if (more.isEmpty() && scores.isEmpty() && end == null) return null;
      return new Reply.Piece(id, choice, more, scores, end);
    }

    int promptTokens() {
      return json.path("usage").path("prompt_tokens").asInt(0);
    }

    int completionTokens() {
      return json.path("usage").path("completion_tokens").asInt(0);
    }

    /** Returns whether the event is an error, which engines send after the answer has begun. */
    boolean isError() {
      return json.has("error");
    }

    private static List<TokenScore> scores(JsonNode logprobs) {
      List<TokenScore> scores = new ArrayList<>();
      for (JsonNode token : logprobs.path("content")) {
        List<TokenScore.Candidate> top = new ArrayList<>();
        for (JsonNode each : token.path("top_logprobs")) {
          top.add(new TokenScore.Candidate(bytes(each), each.path("logprob").asDouble(0)));
        }
        scores.add(new TokenScore(bytes(token), token.path("logprob").asDouble(0), 0, top));
      }
      JsonNode tokens = logprobs.path("tokens");
      for (int i = 0; i < tokens.size(); i++) {
        List<TokenScore.Candidate> top = new ArrayList<>();
        logprobs
            .path("top_logprobs")
            .path(i)
            .properties()
            .forEach(
                each ->
                    top.add(
                        new TokenScore.Candidate(
                            utf8(each.getKey()), each.getValue().asDouble(0))));
        JsonNode own = logprobs.path("token_logprobs").path(i);
        scores.add(
            new TokenScore(
                utf8(tokens.path(i).asString("")),
                own.isNumber() ? (Double) own.doubleValue() : null,
                logprobs.path("text_offset").path(i).asInt(0),
                top));
      }
      return scores;
    }

    private static byte[] bytes(JsonNode token) {
      JsonNode listed = token.path("bytes");
      if (!listed.isArray()) return utf8(token.path("token").asString(""));
      byte[] bytes = new byte[listed.size()];
      for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) listed.path(i).asInt(0);
      return bytes;
    }

    private static byte[] utf8(String text) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
  }
}
