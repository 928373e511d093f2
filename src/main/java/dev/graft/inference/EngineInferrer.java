package dev.graft.inference;

import dev.graft.artifacts.Digest;
import dev.graft.inference.InferenceProperties.EngineProperties;
import dev.graft.inference.Inferrer.InferrerLost;
import dev.graft.model.Sampling;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Lets an OpenAI-compatible engine answer: vLLM, llama.cpp's server, another Graft. Each choice is
 * requested separately, because not every engine generates several. Streamed events become pieces.
 */
final class EngineInferrer implements Inferrer, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(EngineInferrer.class);
  private static final Duration SOON = Duration.ofSeconds(5);
  private static final Pattern TOO_LONG =
      Pattern.compile(
          "context (size|length|window)|exceeds the .*context", Pattern.CASE_INSENSITIVE);

  private final EngineHttp engine;
  private final EngineModels models;
  private final EngineProperties properties;
  private final InferenceProperties settings;
  private final Inferrer classifiers;
  private final Map<Digest, ModelSlots> slots = new HashMap<>();

  /**
   * @param classifiers labels texts, for which engines have no common API
   */
  EngineInferrer(
      EngineHttp engine,
      EngineModels models,
      EngineProperties properties,
      InferenceProperties settings,
      Inferrer classifiers) {
    this.engine = engine;
    this.models = models;
    this.properties = properties;
    this.settings = settings;
    this.classifiers = classifiers;
  }

  @Override
  public Reply answer(
      String department, ServedModel model, InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost, IOException {
    return switch (ask) {
      case InferrerOrder.GenerateAsk generate -> answer(department, model, generate, pieces);
      case InferrerOrder.ClassifyAsk _ -> classifiers.answer(department, model, ask, pieces);
    };
  }

  @Override
  public boolean takesEveryType() {
    return true;
  }

  private Reply answer(
      String department,
      ServedModel model,
      InferrerOrder.GenerateAsk ask,
      Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost, IOException {
    if (ask.prompt() instanceof Prompt.Answered) {
      return new Reply.Refused(
          ask.id(),
          Reply.Cause.INVALID_VALUE,
          null,
          "An engine does not return the likelihood of an answer.");
    }
    ModelSlots taken = enter(model.base(), department);
    long entered = System.nanoTime();
    try {
      String name = models.name(model);
      int prompt = 0;
      int made = 0;
      for (int choice = 0; choice < ask.decoding().choices(); choice++) {
        switch (choice(name, ask, choice, pieces)) {
          case Reply.Done done -> {
            prompt = done.promptTokens();
            made += done.completionTokens();
          }
          case Reply last -> {
            return last;
          }
        }
      }
      return new Reply.Done(ask.id(), prompt, made);
    } finally {
      leave(taken, department, System.nanoTime() - entered);
    }
  }

  private synchronized ModelSlots enter(Digest base, String department) {
    ModelSlots taken =
        slots.computeIfAbsent(
            base,
            absent -> new ModelSlots(properties.maxConcurrent() - 1, settings.maxPerDepartment()));
    taken.take(department);
    return taken;
  }

  private synchronized void leave(ModelSlots taken, String department, long nanos) {
    taken.leave(department, nanos);
  }

  private Reply choice(
      String name, InferrerOrder.GenerateAsk ask, int choice, Consumer<Reply.Piece> pieces)
      throws IOException, InterruptedException, InferrerLost {
    EngineRequest request = EngineRequest.of(ask, choice, name);
    HttpResponse<InputStream> response = post(request);
    try (InputStream body = response.body()) {
      if (response.statusCode() != 200) {
        return refused(name, ask.id(), response.statusCode(), EngineHttp.message(body));
      }
      // a stream that stalls is closed while it is read
      CompletableFuture<Void> deadline =
          new CompletableFuture<Void>()
              .completeOnTimeout(null, settings.answerTimeout().toMillis(), TimeUnit.MILLISECONDS);
      CompletableFuture<Void> closing = deadline.thenRun(() -> close(body));
      try {
        return relay(body, ask.id(), choice, pieces);
      } catch (IOException broken) {
        throw new InferrerLost("the engine closed the stream or took too long");
      } finally {
        closing.cancel(false);
        deadline.cancel(false);
      }
    }
  }

  private HttpResponse<InputStream> post(EngineRequest request)
      throws IOException, InterruptedException, InferrerLost {
    try {
      return engine.post(request.path(), request.body(), settings.answerTimeout());
    } catch (HttpConnectTimeoutException away) {
      throw away;
    } catch (HttpTimeoutException tooLong) {
      throw new InferrerLost("the engine took too long");
    }
  }

  private static Reply relay(InputStream body, long id, int choice, Consumer<Reply.Piece> pieces)
      throws IOException, InterruptedException, InferrerLost {
    int prompt = 0;
    int made = 0;
    boolean ended = false;
    EngineHttp.Events events = new EngineHttp.Events(body);
    try {
      for (EngineHttp.EngineChunk chunk = events.next(); chunk != null; chunk = events.next()) {
        if (chunk.isError()) throw new InferrerLost("the engine sent an error");
        prompt = Math.max(prompt, chunk.promptTokens());
        made = Math.max(made, chunk.completionTokens());
        Reply.Piece piece = ended ? null : chunk.piece(id, choice);
        if (piece == null) continue;
        ended = piece.end() != null;
        pieces.accept(piece);
      }
    } catch (JacksonException notJson) {
      throw new InferrerLost("the engine sent invalid JSON");
    }
    if (!ended)
      throw new InferrerLost("the engine ended the stream before the answer was complete");
    return new Reply.Done(id, prompt, made);
  }

  private Reply refused(String name, long id, int status, String message) throws InferrerLost {
    log.atWarn().addKeyValue("status", status).log("engine_refused");
    if (TOO_LONG.matcher(message).find()) {
      return new Reply.Refused(id, Reply.Cause.CONTEXT_LENGTH_EXCEEDED, null, message);
    }
    return switch (status) {
      case 400, 422 -> new Reply.Refused(id, Reply.Cause.INVALID_VALUE, null, message);
      case 404 -> {
        if (models.forget(name))
          throw new Inferrer.NoCapacity("the engine has just restarted", SOON);
        yield new Reply.Refused(
            id, Reply.Cause.INVALID_VALUE, "model", "The engine behind Graft has no such model.");
      }
      case 429, 503 -> throw new Inferrer.NoCapacity("the engine is busy", SOON);
      default -> throw new InferrerLost("the engine answered " + status);
    };
  }

  private static void close(InputStream body) {
    try {
      body.close();
    } catch (IOException alreadyClosed) {
      log.atDebug().log("engine_stream_closed");
    }
  }

  @Override
  public void close() {
    engine.close();
    if (classifiers instanceof WarmModels models) models.close();
  }

  /**
   * A request for one choice, streamed.
   *
   * @param path below the engine's URL
   */
  record EngineRequest(String path, ObjectNode body) {
    /** The range of seeds that all engines accept. */
    private static final long SEEDS = 0x7FFFFFFF;

    static EngineRequest of(InferrerOrder.GenerateAsk ask, int choice, String model) {
      ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", model);
      boolean chat =
          switch (ask.prompt()) {
            case Prompt.Conversation conversation -> {
              ArrayNode messages = body.putArray("messages");
              for (Prompt.Turn turn : conversation.turns()) {
                messages.addObject().put("role", turn.role()).put("content", turn.content());
              }
              yield true;
            }
            case Prompt.PlainText text -> {
              body.put("prompt", text.text());
              yield false;
            }
            case Prompt.TokenIds tokens -> {
              ArrayNode ids = body.putArray("prompt");
              tokens.ids().forEach(ids::add);
              yield false;
            }
            case Prompt.Answered answered ->
                throw new IllegalArgumentException("engines cannot score a known answer");
          };
      InferrerOrder.Decoding decoding = ask.decoding();
      addSampling(body, decoding.sampling(), choice);
      Integer bound = decoding.maxTokens();
      if (bound != null) body.put("max_tokens", bound);
      if (decoding.echo()) body.put("echo", true);
      if (!decoding.stop().isEmpty()) decoding.stop().forEach(body.putArray("stop")::add);
      Integer top = decoding.topLogprobs();
      if (top != null && chat) body.put("logprobs", true).put("top_logprobs", top);
      if (top != null && !chat) body.put("logprobs", top);
      body.put("stream", true).putObject("stream_options").put("include_usage", true);
      return new EngineRequest(chat ? "/chat/completions" : "/completions", body);
    }

    private static void addSampling(ObjectNode body, Sampling sampling, int choice) {
      body.put("temperature", sampling.temperature()).put("top_p", sampling.topP());
      if (sampling.frequencyPenalty() != 0) {
        body.put("frequency_penalty", sampling.frequencyPenalty());
      }
      if (sampling.presencePenalty() != 0) body.put("presence_penalty", sampling.presencePenalty());
      body.put("seed", (sampling.seed() + choice) & SEEDS);
      if (sampling.logitBias().isEmpty()) return;
      ObjectNode bias = body.putObject("logit_bias");
      sampling.logitBias().forEach((id, value) -> bias.put(String.valueOf(id), value));
    }
  }

  /**
   * The engine's names of Graft's models. Adapters without a configured name are loaded into vLLM
   * ({@code VLLM_ALLOW_RUNTIME_LORA_UPDATING} and {@code --enable-lora}) under the digest of their
   * files, so that a name always means the same adapter. Their files stay on disk, because the
   * engine reads them again after it has evicted an adapter.
   */
  static final class EngineModels {
    private static final int SHOWN = 16;

    private final EngineHttp.VllmAdapters adapters;
    private final EngineProperties properties;
    private final LocalModels files;
    private final Map<String, LocalModels.Held> loaded = new HashMap<>();

    EngineModels(EngineHttp engine, EngineProperties properties, LocalModels files) {
      this.adapters = new EngineHttp.VllmAdapters(engine);
      this.properties = properties;
      this.files = files;
    }

    String name(ServedModel model) throws IOException, InterruptedException, InferrerLost {
      String mapped = properties.models().get(model.name());
      if (mapped != null) return mapped;
      Digest adapter = model.adapter();
      return adapter == null || !properties.loadAdapters() ? model.name() : loaded(adapter);
    }

    private synchronized String loaded(Digest adapter)
        throws IOException, InterruptedException, InferrerLost {
      String name = "graft-" + adapter.hex().substring(0, SHOWN);
      if (loaded.containsKey(name)) return name;
      LocalModels.Held held = files.hold(adapter);
      boolean there = false;
      try {
        load(name, held);
        there = true;
      } finally {
        if (!there) held.close();
      }
      loaded.put(name, held);
      return name;
    }

    private void load(String name, LocalModels.Held held)
        throws IOException, InterruptedException, InferrerLost {
      try {
        adapters.load(name, held.path().toAbsolutePath().toString());
      } catch (EngineHttp.VllmAdapters.EngineRefused refused) {
        if (refused.hasItAlready()) return; // loaded before this server started
        throw new InferrerLost("the engine did not load an adapter: " + refused.getMessage());
      }
    }

    /** Returns true if the adapter had been loaded, which means that the engine has restarted. */
    synchronized boolean forget(String name) {
      LocalModels.Held held = loaded.remove(name);
      if (held != null) held.close();
      return held != null;
    }
  }
}
