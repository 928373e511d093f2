package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.graft.artifacts.Digest;
import dev.graft.inference.InferrerOrder.Ask;
import dev.graft.inference.Reply.End;
import dev.graft.model.Sampling;
import dev.graft.weights.Task;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An engine that answers what a test tells it. */
class EngineInferrerTests {
  private static final Digest BASE = new Digest("a".repeat(64));
  private static final Digest ADAPTER = new Digest("c".repeat(64));
  private static final JsonMapper JSON = new JsonMapper();

  private final List<String> asked = new ArrayList<>();
  private final List<JsonNode> bodies = new ArrayList<>();
  private final List<Reply.Piece> pieces = new ArrayList<>();
  private HttpServer server;
  private int status = 200;
  private String answer = "";
  private @Nullable CountDownLatch silent;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  @AfterEach
  void stop() {
    if (silent != null) silent.countDown();
    server.stop(0);
  }

  private void handle(HttpExchange exchange) throws IOException {
    synchronized (asked) {
      asked.add(
          exchange.getRequestURI().getPath()
              + " "
              + exchange.getRequestHeaders().getFirst("authorization"));
      bodies.add(JSON.readTree(exchange.getRequestBody().readAllBytes()));
    }
    boolean loading = exchange.getRequestURI().getPath().endsWith("/load_lora_adapter");
    exchange.sendResponseHeaders(loading ? 200 : status, 0);
    exchange.getResponseBody().write(answer.getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
    try {
      if (silent != null && !loading) silent.await();
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
    exchange.close();
  }

  @Test
  void aChatIsAskedChoiceByChoiceAndItsChunksBecomePieces() throws Exception {
    answer =
        events(
            "{'choices':[{'index':0,'delta':{'role':'assistant','content':''}}],'usage':null}",
            "{'choices':[{'index':0,'delta':{'content':'Hal'},'logprobs':{'content':[{'token':'Hal','logprob':-0.5,"
                + "'bytes':[72,97,108],'top_logprobs':[{'token':'He','logprob':-1.5,'bytes':null}]}]}}]}",
            "{'choices':[{'index':0,'delta':{'content':'lo'}}]}",
            "{'choices':[{'index':0,'delta':{},'finish_reason':'length'}]}",
            "{'choices':[],'usage':{'prompt_tokens':4,'completion_tokens':2,'total_tokens':6}}");
    Sampling sampling = new Sampling(0.5, 0.9, 0, 1, Map.of(7, -1.0), 0x80000007L);
    Prompt chat = new Prompt.Conversation(List.of(new Prompt.Turn("user", "hi")));
    Ask ask =
        new InferrerOrder.GenerateAsk(
            1, null, chat, 99, new InferrerOrder.Decoding(false, 2, 2, sampling, List.of("x"), 1));
    assertThat(answer(Map.of("smollm", "served"), false, ask)).isEqualTo(new Reply.Done(1, 4, 4));
    assertThat(pieces.stream().map(Reply.Piece::text))
        .containsExactly("Hal", "lo", "", "Hal", "lo", "");
    assertThat(pieces.stream().map(Reply.Piece::choice)).containsExactly(0, 0, 0, 1, 1, 1);
    assertThat(pieces.getLast().end()).isEqualTo(End.LENGTH);
    Reply.TokenScore score = pieces.getFirst().scores().getFirst();
    assertThat(score.bytes()).isEqualTo("Hal".getBytes(StandardCharsets.UTF_8));
    assertThat(score.top().getFirst().logProbability()).isEqualTo(-1.5);
    assertThat(asked).containsOnly("/v1/chat/completions Bearer secret");
    assertThat(bodies.getFirst())
        .isEqualTo(
            JSON.readTree(
                """
                {"model": "served", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.5, "top_p": 0.9,
                 "presence_penalty": 1.0, "seed": 7, "logit_bias": {"7": -1.0}, "max_tokens": 2, "stop": ["x"],
                 "logprobs": true, "top_logprobs": 1, "stream": true, "stream_options": {"include_usage": true}}
                """));
    assertThat(bodies.getLast().path("seed").asInt()).isEqualTo(8);
  }

  @Test
  void aCompletionIsAskedWithItsEcho() throws Exception {
    answer =
        events(
            "{'choices':[{'text':'ab','logprobs':{'tokens':['a','b'],'token_logprobs':[null,-2.0],"
                + "'top_logprobs':[null,{'c':-1.0}],'text_offset':[0,1]},'finish_reason':'stop'}],"
                + "'usage':{'prompt_tokens':1,'completion_tokens':1}}");
    Prompt ids = new Prompt.TokenIds(List.of(5));
    Ask ask =
        new InferrerOrder.GenerateAsk(
            3,
            null,
            ids,
            99,
            new InferrerOrder.Decoding(true, null, 1, Sampling.GREEDY, List.of(), 1));
    assertThat(answer(Map.of(), false, ask)).isEqualTo(new Reply.Done(3, 1, 1));
    assertThat(bodies.getFirst().path("prompt")).isEqualTo(JSON.readTree("[5]"));
    assertThat(bodies.getFirst().path("echo").asBoolean()).isTrue();
    assertThat(bodies.getFirst().has("max_tokens")).isFalse();
    List<Reply.TokenScore> scores = pieces.getFirst().scores();
    assertThat(scores.getFirst().logProbability()).isNull();
    assertThat(scores.getLast().offset()).isEqualTo(1);
    assertThat(scores.getLast().top().getFirst().logProbability()).isEqualTo(-1);
  }

  @Test
  void textsAreLabelledBesideTheEngine() throws Exception {
    assertThat(
            answer(Map.of(), false, new InferrerOrder.ClassifyAsk(4, null, List.of("x"), false, 9)))
        .isEqualTo(new Reply.Labels(4, 3, Task.Problem.REGRESSION, List.of()));
    assertThat(asked).isEmpty();
  }

  @Test
  void anAdapterWithoutANameIsLoadedOnceAndAgainAfterTheEngineHasForgottenIt() throws Exception {
    answer = events("{'choices':[{'delta':{},'finish_reason':'stop'}]}");
    ServedModel tuned = new ServedModel("ft:x", BASE, ADAPTER);
    try (EngineInferrer inferrer = inferrer(Map.of(), true)) {
      inferrer.answer("support", tuned, hi(), pieces::add);
      inferrer.answer("support", tuned, hi(), pieces::add);
      assertThat(asked.stream().filter(path -> path.startsWith("/v1/load_lora"))).hasSize(1);
      assertThat(bodies.getFirst().path("lora_path").asString()).isEqualTo("/models/files");
      assertThat(bodies.getLast().path("model").asString()).isEqualTo("graft-" + "c".repeat(16));
      status = 404;
      assertThatThrownBy(() -> inferrer.answer("support", tuned, hi(), pieces::add))
          .isInstanceOf(Inferrer.NoCapacity.class);
      status = 200;
      inferrer.answer("support", tuned, hi(), pieces::add);
      assertThat(asked.stream().filter(path -> path.startsWith("/v1/load_lora"))).hasSize(2);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "400 | {\"error\":{\"message\":\"no such thing\"}} | INVALID_VALUE | no such thing",
        "400 | {\"object\":\"error\",\"message\":\"maximum context length is 9\"} |"
            + " CONTEXT_LENGTH_EXCEEDED | is 9",
        "500 | {\"error\":{\"message\":\"Context size has been exceeded.\"}} |"
            + " CONTEXT_LENGTH_EXCEEDED | exceeded",
        "404 | {} | INVALID_VALUE | has no such model"
      })
  void whatTheEngineRefusesIsRefused(int code, String body, Reply.Cause cause, String message)
      throws Exception {
    status = code;
    answer = body;
    assertThat(answer(Map.of(), false, hi()))
        .isInstanceOfSatisfying(
            Reply.Refused.class,
            refused -> {
              assertThat(refused.cause()).isEqualTo(cause);
              assertThat(refused.message()).contains(message);
            });
  }

  @Test
  void aBusyEngineIsNoCapacityAndABrokenOneLosesTheAnswer() {
    status = 503;
    assertThatThrownBy(() -> answer(Map.of(), false, hi())).isInstanceOf(Inferrer.NoCapacity.class);
    status = 500;
    answer = "<html>";
    assertThatThrownBy(() -> answer(Map.of(), false, hi()))
        .isInstanceOf(Inferrer.InferrerLost.class);
    status = 200;
    for (String broken : List.of("", "data: {\n\n", "data: {\"error\":{\"message\":\"x\"}}\n\n")) {
      answer = broken;
      assertThatThrownBy(() -> answer(Map.of(), false, hi()))
          .isInstanceOf(Inferrer.InferrerLost.class);
    }
    server.stop(0);
    assertThatThrownBy(() -> answer(Map.of(), false, hi())).isInstanceOf(IOException.class);
  }

  @Test
  void aCallerWhoLeavesEndsTheCallAndASilentEngineIsGivenUp() throws Exception {
    silent = new CountDownLatch(1);
    answer = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    assertThatThrownBy(() -> answer(Map.of(), false, hi()))
        .isInstanceOf(Inferrer.InferrerLost.class);
    CountDownLatch heard = new CountDownLatch(1);
    List<Throwable> left = new ArrayList<>();
    try (EngineInferrer inferrer = inferrer(Map.of(), false)) {
      Thread caller =
          Thread.startVirtualThread(
              () -> {
                try {
                  inferrer.answer("support", model(), hi(), piece -> heard.countDown());
                } catch (Exception expected) {
                  left.add(expected);
                }
              });
      heard.await();
      caller.interrupt();
      caller.join();
      assertThat(left).singleElement().isInstanceOf(InterruptedException.class);
    }
  }

  /** With quotes as JSON has them, a comment between, and the end. */
  private static String events(String... data) {
    StringBuilder stream = new StringBuilder(": hello\n\n");
    for (String each : data) {
      stream.append("data: ").append(each.replace('\'', '"')).append("\n\n");
    }
    return stream.append("data: [DONE]\n\n").toString();
  }

  private static ServedModel model() {
    return new ServedModel("smollm", BASE, null);
  }

  private static Ask hi() {
    Prompt chat = new Prompt.Conversation(List.of(new Prompt.Turn("user", "hi")));
    return new InferrerOrder.GenerateAsk(
        1,
        null,
        chat,
        99,
        new InferrerOrder.Decoding(false, null, 1, Sampling.GREEDY, List.of(), null));
  }

  private Reply answer(Map<String, String> names, boolean load, Ask ask) throws Exception {
    try (EngineInferrer inferrer = inferrer(names, load)) {
      return inferrer.answer("support", model(), ask, pieces::add);
    }
  }

  private EngineInferrer inferrer(Map<String, String> names, boolean load) {
    URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/v1/");
    InferenceProperties.EngineProperties engine =
        new InferenceProperties.EngineProperties(url, "secret", names, load, 4);
    EngineHttp http = new EngineHttp(url, "secret");
    LocalModels files =
        new LocalModels() {
          @Override
          public Held hold(Digest manifest) {
            return new Held(Path.of("/models/files"), () -> {});
          }

          @Override
          public void prune() {}
        };
    InferenceProperties settings =
        new InferenceProperties(
            1,
            1,
            8,
            Duration.ofMinutes(1),
            Duration.ofMinutes(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            512,
            "64m",
            null,
            Duration.ofDays(1),
            InferenceProperties.RunOn.AUTO,
            Duration.ofSeconds(2),
            false);
    return new EngineInferrer(
        http,
        new EngineInferrer.EngineModels(http, engine, files),
        engine,
        settings,
        (department, model, ask, pieces) ->
            new Reply.Labels(ask.id(), 3, Task.Problem.REGRESSION, List.of()));
  }
}
