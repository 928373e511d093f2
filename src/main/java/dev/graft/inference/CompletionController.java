package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.inference.Generations.OngoingGeneration;
import dev.graft.inference.Reply.TokenScore;
import dev.graft.platform.ErrorEnvelope;
import dev.graft.platform.EventStream;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's chat completions and completions. */
@RestController
class CompletionController {
  /** RFC 9110, section 5.6.7. */
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH);

  private final Generations generations;
  private final JsonMapper json;

  CompletionController(Generations generations, JsonMapper json) {
    this.generations = generations;
    this.json = json;
  }

  @PostMapping("/v1/chat/completions")
  @Nullable ObjectNode chat(
      @AuthenticationPrincipal Caller caller,
      @RequestBody JsonNode body,
      HttpServletResponse response)
      throws IOException {
    BodyFields fields = new BodyFields(body);
    GenerationRequest request = GenerationRequest.ChatRequest.read(fields);
    CompletionFormat format = new ChatFormat(request.logprobs());
    return answer(caller, request, StreamOptions.read(fields), format, response);
  }

  @PostMapping("/v1/completions")
  @Nullable ObjectNode complete(
      @AuthenticationPrincipal Caller caller,
      @RequestBody JsonNode body,
      HttpServletResponse response)
      throws IOException {
    BodyFields fields = new BodyFields(body);
    GenerationRequest request = GenerationRequest.TextCompletionRequest.read(fields);
    CompletionFormat format = new TextCompletionFormat(request.logprobs());
    return answer(caller, request, StreamOptions.read(fields), format, response);
  }

  /**
   * @param stream null if the answer is not streamed
   * @return null if the answer was streamed
   */
  private @Nullable ObjectNode answer(
      Caller caller,
      GenerationRequest request,
      @Nullable StreamOptions stream,
      CompletionFormat format,
      HttpServletResponse response)
      throws IOException {
    try (OngoingGeneration generation =
        generations.begin(caller.departmentId(), format.idPrefix(), request)) {
      writeModelHeaders(response, generation.head().version(), generation.head().published());
      if (stream == null) return whole(generation, format);
      new GenerationStream(new EventStream(response, json), generation, format, stream)
          .relay(request.choices());
      return null;
    }
  }

  /**
   * Sets the headers with the model that answers and its deprecation.
   *
   * @param version name of the model that answers
   * @param adapter the adapter that answers; null for a base model or a checkpoint
   */
  static void writeModelHeaders(
      HttpServletResponse response, String version, @Nullable Adapter adapter) {
    response.setHeader("x-graft-model", version);
    Adapter.Deprecation deprecation = adapter == null ? null : adapter.deprecation();
    if (adapter == null || deprecation == null) return;
    response.setHeader("deprecation", "@" + deprecation.since().getEpochSecond());
    response.setHeader("link", "</v1/adapters/%s>; rel=\"deprecation\"".formatted(adapter.id()));
    if (deprecation.retiresAt() == null) return;
    response.setHeader(
        "sunset", HTTP_DATE.format(deprecation.retiresAt().atOffset(ZoneOffset.UTC)));
  }

  private static ObjectNode whole(OngoingGeneration generation, CompletionFormat format) {
    List<OngoingGeneration.Choice> answers = generation.whole();
    ObjectNode whole = generation.head().frame(format.object());
    ArrayNode choices = whole.putArray("choices");
    for (int i = 0; i < answers.size(); i++) choices.addPOJO(format.whole(i, answers.get(i)));
    return whole.putPOJO("usage", CompletionUsage.of(generation.done()));
  }

  /**
   * How an endpoint writes an answer: the names of its objects and the content of {@code choices}.
   */
  interface CompletionFormat {
    /** Returns the prefix of the ids of answers. */
    String idPrefix();

    /** Returns the object type of a whole answer. */
    String object();

    /** Returns the object type of a chunk. */
    String chunkObject();

    Object whole(int choice, OngoingGeneration.Choice answer);

    /** Returns the chunk to send for each choice before any text. */
    Optional<Object> begin(int choice);

    Object text(Reply.Piece piece);

    /** Returns the last chunk of a choice. */
    Object end(int choice, Reply.End end);
  }

  /** {@code chat.completion} objects; chunks have the role, then text, then the finish reason. */
  record ChatFormat(boolean logprobs) implements CompletionFormat {
    /**
     * @param finishReason {@code stop}: the model or a stop string ended the answer; {@code
     *     length}: it reached the maximum number of tokens
     */
    record Choice(
        int index,
        AssistantMessage message,
        @Nullable ChatLogprobs logprobs,
        String finishReason) {}

    record AssistantMessage(String role, String content, @Nullable String refusal) {}

    @Override
    public String idPrefix() {
      return "chatcmpl-";
    }

    @Override
    public String object() {
      return "chat.completion";
    }

    @Override
    public String chunkObject() {
      return "chat.completion.chunk";
    }

    @Override
    public Object whole(int choice, OngoingGeneration.Choice answer) {
      AssistantMessage message = new AssistantMessage("assistant", answer.text(), null);
      return new Choice(choice, message, logprobs(answer.scores()), answer.end().wire());
    }

    @Override
    public Optional<Object> begin(int choice) {
      ObjectNode delta = JsonNodeFactory.instance.objectNode();
      delta.put("role", "assistant").put("content", "").putNull("refusal");
      return Optional.of(chunk(choice, delta, null, null));
    }

    @Override
    public Object text(Reply.Piece piece) {
      ObjectNode delta = JsonNodeFactory.instance.objectNode().put("content", piece.text());
      return chunk(piece.choice(), delta, logprobs(piece.scores()), null);
    }

    @Override
    public Object end(int choice, Reply.End end) {
      return chunk(choice, JsonNodeFactory.instance.objectNode(), null, end.wire());
    }

    private static ObjectNode chunk(
        int choice, ObjectNode delta, @Nullable ChatLogprobs logprobs, @Nullable String end) {
      ObjectNode chunk = JsonNodeFactory.instance.objectNode().put("index", choice);
      chunk.putPOJO("logprobs", logprobs).put("finish_reason", end).set("delta", delta);
      return chunk;
    }

    private @Nullable ChatLogprobs logprobs(List<Reply.TokenScore> scores) {
      return logprobs ? ChatLogprobs.of(scores) : null;
    }
  }

  /** Log-probabilities in the format of chat completions. */
  record ChatLogprobs(List<Token> content, @Nullable List<Token> refusal) {
    /**
     * @param bytes UTF-8; a token may be a part of a character
     */
    record Token(String token, double logprob, int[] bytes, List<TopLogprob> topLogprobs) {}

    record TopLogprob(String token, double logprob, int[] bytes) {}

    static ChatLogprobs of(List<Reply.TokenScore> scores) {
      return new ChatLogprobs(scores.stream().map(ChatLogprobs::token).toList(), null);
    }

    private static Token token(Reply.TokenScore score) {
      TokenText text = TokenText.of(score.bytes());
      List<TopLogprob> top =
          score.top().stream()
              .map(
                  each -> {
                    TokenText other = TokenText.of(each.bytes());
                    return new TopLogprob(
                        other.escaped(), TokenText.finite(each.logProbability()), other.bytes());
                  })
              .toList();
      // only the first token of a prompt has no probability, and chats are not echoed
      double logProbability = Objects.requireNonNull(score.logProbability());
      return new Token(text.escaped(), TokenText.finite(logProbability), text.bytes(), top);
    }
  }

  /** {@code text_completion} objects, for whole answers and for chunks. */
  record TextCompletionFormat(boolean logprobs) implements CompletionFormat {
    /**
     * @param index counts the choices of all prompts, in the order of prompts
     */
    record Choice(
        String text,
        int index,
        @Nullable TextCompletionLogprobs logprobs,
        @Nullable String finishReason) {}

    @Override
    public String idPrefix() {
      return "cmpl-";
    }

    @Override
    public String object() {
      return "text_completion";
    }

    @Override
    public String chunkObject() {
      return object();
    }

    @Override
    public Object whole(int choice, OngoingGeneration.Choice answer) {
      return new Choice(answer.text(), choice, logprobs(answer.scores()), answer.end().wire());
    }

    @Override
    public Optional<Object> begin(int choice) {
      return Optional.empty();
    }

    @Override
    public Object text(Reply.Piece piece) {
      return new Choice(piece.text(), piece.choice(), logprobs(piece.scores()), null);
    }

    @Override
    public Object end(int choice, Reply.End end) {
      return new Choice("", choice, null, end.wire());
    }

    private @Nullable TextCompletionLogprobs logprobs(List<Reply.TokenScore> scores) {
      return logprobs ? TextCompletionLogprobs.of(scores) : null;
    }
  }

  /**
   * Log-probabilities in the format of completions: lists of equal length.
   *
   * @param tokenLogprobs null at the first token of an echoed prompt
   * @param topLogprobs by token, including the token itself; null at the first token of a prompt
   * @param textOffset in code points of the choice's text
   */
  record TextCompletionLogprobs(
      List<String> tokens,
      List<@Nullable Double> tokenLogprobs,
      List<@Nullable Map<String, Double>> topLogprobs,
      List<Integer> textOffset) {
    static TextCompletionLogprobs of(List<TokenScore> scores) {
      List<String> tokens = new ArrayList<>();
      List<@Nullable Double> own = new ArrayList<>();
      List<@Nullable Map<String, Double>> top = new ArrayList<>();
      List<Integer> offsets = new ArrayList<>();
      for (TokenScore score : scores) {
        String token = name(score.bytes());
        Double logProbability = score.logProbability();
        tokens.add(token);
        own.add(logProbability == null ? null : (Double) TokenText.finite(logProbability));
        top.add(logProbability == null ? null : top(score, token, logProbability));
        offsets.add(score.offset());
      }
      return new TextCompletionLogprobs(tokens, own, top, offsets);
    }

    private static Map<String, Double> top(TokenScore score, String token, double logProbability) {
      Map<String, Double> top = new LinkedHashMap<>();
      for (TokenScore.Candidate each : score.top()) {
        top.putIfAbsent(name(each.bytes()), TokenText.finite(each.logProbability()));
      }
      top.putIfAbsent(token, TokenText.finite(logProbability));
      return top;
    }

    private static String name(byte[] bytes) {
      TokenText text = TokenText.of(bytes);
      return text.whole() ? text.escaped() : "bytes:" + text.escaped();
    }
  }

  /**
   * A token as text for JSON.
   *
   * @param escaped its text, or {@code \xe4\xbd} if its bytes are not whole characters
   * @param whole whether its bytes are whole characters
   * @param bytes 0 to 255
   */
  record TokenText(String escaped, boolean whole, int[] bytes) {
    static TokenText of(byte[] bytes) {
      int[] unsigned = new int[bytes.length];
      for (int i = 0; i < bytes.length; i++) unsigned[i] = bytes[i] & 0xFF;
      try {
        String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        return new TokenText(text, true, unsigned);
      } catch (CharacterCodingException partOfACharacter) {
        StringBuilder hex = new StringBuilder();
        for (int each : unsigned) hex.append("\\x%02x".formatted(each));
        return new TokenText(hex.toString(), false, unsigned);
      }
    }

    /** JSON has no infinity; OpenAI uses this number for a probability of 0. */
    static double finite(double logProbability) {
      return Math.max(logProbability, -9999);
    }
  }

  /** Streams an answer as events while it is generated. */
  private record GenerationStream(
      EventStream events,
      OngoingGeneration generation,
      CompletionFormat format,
      StreamOptions options) {
    private static final Logger log = LoggerFactory.getLogger(GenerationStream.class);

    /**
     * Returns when the answer has ended or the client is gone.
     *
     * @param choices number of choices for all prompts
     * @throws RequestFailed before the first event
     */
    void relay(int choices) {
      Optional<Reply.Piece> first = generation.next();
      try {
        send(first, choices);
      } catch (IOException gone) {
        log.atInfo().addKeyValue("answer", generation.head().id()).log("chat_left");
      }
    }

    private void send(Optional<Reply.Piece> first, int choices) throws IOException {
      try {
        // all choices begin first: OpenAI's Java client considers an answer complete when every
        // choice that it has seen has ended
        for (int i = 0; i < choices; i++) {
          Optional<Object> begin = format.begin(i);
          if (begin.isPresent()) send(begin.get());
        }
        for (Optional<Reply.Piece> next = first; next.isPresent(); next = generation.next()) {
          Reply.Piece piece = next.get();
          if (!piece.text().isEmpty() || !piece.scores().isEmpty()) send(format.text(piece));
          if (piece.end() != null) send(format.end(piece.choice(), piece.end()));
        }
        if (options.includeUsage()) {
          ObjectNode last = chunk(List.of());
          events.send(last.putPOJO("usage", CompletionUsage.of(generation.done())));
        }
        events.end();
      } catch (RequestFailed broken) {
        // the status has been sent already; SDKs turn this event into an error
        events.send(ErrorEnvelope.of(broken));
      }
    }

    private void send(Object choice) throws IOException {
      ObjectNode chunk = chunk(List.of(choice));
      events.send(options.includeUsage() ? chunk.putNull("usage") : chunk);
    }

    private ObjectNode chunk(List<Object> choices) {
      return generation.head().frame(format.chunkObject()).putPOJO("choices", choices);
    }
  }

  /**
   * The options of a streamed answer.
   *
   * @param includeUsage whether a last chunk without choices has the token counts
   */
  record StreamOptions(boolean includeUsage) {
    /** Returns null if the answer is not streamed. */
    static @Nullable StreamOptions read(BodyFields fields) {
      boolean stream = fields.flag("stream");
      if (!fields.has("stream_options")) return stream ? new StreamOptions(false) : null;
      if (!stream) throw InferenceRefused.value("stream_options", "requires stream: true");
      JsonNode options = fields.body().path("stream_options");
      if (!options.isObject()) throw InferenceRefused.value("stream_options", "must be an object");
      boolean usage = false;
      for (Map.Entry<String, JsonNode> each : options.properties()) {
        String path = "stream_options." + each.getKey();
        boolean known =
            each.getKey().equals("include_usage") || each.getKey().equals("include_obfuscation");
        if (!known) throw InferenceRefused.unknown(path);
        if (each.getValue().isNull()) continue;
        if (!each.getValue().isBoolean())
          throw InferenceRefused.value(path, "must be true or false");
        if (each.getKey().equals("include_usage")) usage = each.getValue().booleanValue();
      }
      return new StreamOptions(usage);
    }
  }

  /** Tokens of a request. The prompt counts once, even with several choices. */
  record CompletionUsage(int promptTokens, int completionTokens, int totalTokens) {
    static CompletionUsage of(Reply.Done done) {
      int total = done.promptTokens() + done.completionTokens();
      return new CompletionUsage(done.promptTokens(), done.completionTokens(), total);
    }
  }
}
