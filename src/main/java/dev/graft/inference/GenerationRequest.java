package dev.graft.inference;

import static dev.graft.inference.BodyFields.RequestParameter.honoured;
import static dev.graft.inference.BodyFields.RequestParameter.ignored;
import static dev.graft.inference.BodyFields.RequestParameter.refused;

import dev.graft.inference.BodyFields.RequestParameter;
import dev.graft.model.Sampling;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A checked request for a chat or a completion.
 *
 * @param prompts answered one after the other; choices are numbered over all prompts
 */
record GenerationRequest(String model, List<Prompt> prompts, InferrerOrder.Decoding decoding) {
  /** Returns the number of choices for all prompts. */
  int choices() {
    return prompts.size() * decoding.choices();
  }

  boolean logprobs() {
    return decoding.topLogprobs() != null;
  }

  /** Reads the body of a chat. The error for a field that Graft cannot honour names it. */
  static final class ChatRequest {
    /**
     * The request fields of {@code POST /v1/chat/completions} that OpenAI documents. A test
     * compares them with the table in {@code docs/chat.md}.
     */
    static final List<RequestParameter> PARAMETERS =
        List.of(
            honoured("model", "a base model, or a fine-tuned model of the department"),
            honoured(
                "messages", "roles system, developer (as system), user, assistant; text content"),
            honoured("max_completion_tokens", "upper bound of new tokens"),
            honoured("max_tokens", "older name of max_completion_tokens; the two must agree"),
            honoured("stop", "one string, or up to 4; the answer ends before the first"),
            honoured("n", "1 to 128 choices, one after the other"),
            honoured("temperature", "0 to 2; 0 = the likeliest token, always; absent = 1"),
            honoured("top_p", "0 to 1; absent = 1"),
            honoured("frequency_penalty", "-2 to 2"),
            honoured("presence_penalty", "-2 to 2"),
            honoured("logit_bias", "-100 to 100 by token id of the model's tokenizer"),
            honoured("seed", "the same request with the same seed gives the same answer"),
            honoured("logprobs", "of the model itself, before temperature, penalties and biases"),
            honoured("top_logprobs", "0 to 20, with logprobs"),
            honoured("stream", "server-sent events"),
            honoured(
                "stream_options",
                "include_usage; include_obfuscation is accepted, nothing is added"),
            ignored("metadata", "not kept: chats are not stored"),
            ignored("moderation", "Graft moderates nothing"),
            ignored("prediction", "a hint for speed"),
            ignored("prompt_cache_key", "a hint for speed"),
            ignored("prompt_cache_options", "a hint for speed"),
            ignored("prompt_cache_retention", "a hint for speed"),
            ignored("safety_identifier", "Graft keeps no user profiles"),
            ignored("service_tier", "there is one tier"),
            ignored("store", "chats are not stored"),
            ignored("user", "Graft keeps no user profiles"),
            refused("audio", "text only"),
            refused("function_call", "not built yet", "\"none\""),
            refused("functions", "not built yet", "[]"),
            refused("modalities", "text only", "[\"text\"]"),
            refused("parallel_tool_calls", "there are no tools", "true", "false"),
            refused("reasoning_effort", "not built yet", "\"none\""),
            refused("response_format", "not built yet", "{\"type\":\"text\"}"),
            refused("tool_choice", "not built yet", "\"none\""),
            refused("tools", "not built yet", "[]"),
            refused("verbosity", "not built yet"),
            refused("web_search_options", "Graft fetches nothing"));

    private static final int MAX_TOP = 20;

    /** Fields that SDKs copy from an answer, and the name. They must be null or empty. */
    private static final Set<String> ONLY_EMPTY =
        Set.of("refusal", "annotations", "audio", "function_call", "tool_calls", "name");

    private ChatRequest() {}

    static GenerationRequest read(BodyFields fields) {
      RequestParameter.check(PARAMETERS, fields.body());
      return new GenerationRequest(
          fields.model(),
          List.of(new Prompt.Conversation(messages(fields.body().path("messages")))),
          DecodingReader.read(fields, false, maxTokens(fields), topLogprobs(fields)));
    }

    private static @Nullable Integer maxTokens(BodyFields fields) {
      Integer newer = fields.whole("max_completion_tokens", 1, Integer.MAX_VALUE);
      Integer older = fields.whole("max_tokens", 1, Integer.MAX_VALUE);
      if (newer != null && older != null && !newer.equals(older)) {
        throw InferenceRefused.value(
            "max_tokens", "differs from max_completion_tokens; send only one of them");
      }
      return newer != null ? newer : older;
    }

    private static @Nullable Integer topLogprobs(BodyFields fields) {
      Integer top = fields.whole("top_logprobs", 0, MAX_TOP);
      boolean wanted = fields.flag("logprobs");
      if (!wanted && top != null && top > 0) {
        throw InferenceRefused.value("top_logprobs", "requires logprobs: true");
      }
      return !wanted ? null : top == null ? (Integer) 0 : top;
    }

    /** Reads text turns of the roles system, user and assistant. */
    private static List<Prompt.Turn> messages(JsonNode messages) {
      if (messages.isMissingNode() || messages.isNull()) throw InferenceRefused.missing("messages");
      if (!messages.isArray() || messages.isEmpty()) {
        throw InferenceRefused.value("messages", "must be an array of at least one message");
      }
      List<Prompt.Turn> turns = new ArrayList<>();
      for (int i = 0; i < messages.size(); i++) {
        turns.add(turn(messages.get(i), "messages[" + i + "]"));
      }
      return turns;
    }

    private static Prompt.Turn turn(JsonNode message, String path) {
      if (!message.isObject()) throw InferenceRefused.value(path, "must be an object");
      for (Map.Entry<String, JsonNode> field : message.properties()) {
        String name = field.getKey();
        if (name.equals("role") || name.equals("content")) continue;
        String fieldPath = path + "." + name;
        if (!ONLY_EMPTY.contains(name)) throw InferenceRefused.unknown(fieldPath);
        JsonNode value = field.getValue();
        boolean empty = value.isNull() || (value.isArray() && value.isEmpty());
        if (!empty)
          throw InferenceRefused.unsupported(fieldPath, "is not supported in a message yet");
      }
      return new Prompt.Turn(
          role(message.path("role"), path + ".role"),
          content(message.path("content"), path + ".content"));
    }

    private static String role(JsonNode role, String path) {
      return switch (role.asString("")) {
        case "system", "developer" -> "system";
        case "user" -> "user";
        case "assistant" -> "assistant";
        case "tool", "function" ->
            throw InferenceRefused.unsupported(path, "tool is not supported yet");
        default ->
            throw InferenceRefused.value(path, "must be one of system, developer, user, assistant");
      };
    }

    private static String content(JsonNode content, String path) {
      if (content.isString()) return content.stringValue();
      if (!content.isArray()) {
        throw InferenceRefused.value(path, "must be a string or an array of text parts");
      }
      StringBuilder text = new StringBuilder();
      for (int i = 0; i < content.size(); i++) {
        JsonNode part = content.get(i);
        String partPath = path + "[" + i + "]";
        if (!part.path("type").asString("").equals("text")) {
          throw InferenceRefused.unsupported(
              partPath + ".type", "must be text; other types are not supported");
        }
        JsonNode piece = part.path("text");
        if (!piece.isString()) throw InferenceRefused.value(partPath + ".text", "must be a string");
        text.append(piece.stringValue());
      }
      return text.toString();
    }
  }

  /** Reads the body of a completion. The error for a field that Graft cannot honour names it. */
  static final class TextCompletionRequest {
    /**
     * The request fields of {@code POST /v1/completions} that OpenAI documents. A test compares
     * them with the table in {@code docs/chat.md}.
     */
    static final List<RequestParameter> PARAMETERS =
        List.of(
            honoured("model", "a base model, or a fine-tuned model of the department"),
            honoured(
                "prompt", "a text, a list of token ids, or a list of either; 128 choices in all"),
            honoured(
                "echo",
                "the answer begins with the prompt; with logprobs the prompt is scored too"),
            honoured("max_tokens", "upper bound of new tokens, 0 too; absent = 16"),
            honoured("stop", "one string, or up to 4; the answer ends before the first"),
            honoured("n", "1 to 128 choices, one after the other"),
            honoured("temperature", "0 to 2; 0 = the likeliest token, always; absent = 1"),
            honoured("top_p", "0 to 1; absent = 1"),
            honoured("frequency_penalty", "-2 to 2"),
            honoured("presence_penalty", "-2 to 2"),
            honoured("logit_bias", "-100 to 100 by token id of the model's tokenizer"),
            honoured("seed", "the same request with the same seed gives the same answer"),
            honoured(
                "logprobs",
                "0 to 5; of the model itself, before temperature, penalties and biases"),
            honoured("stream", "server-sent events"),
            honoured(
                "stream_options",
                "include_usage; include_obfuscation is accepted, nothing is added"),
            ignored("user", "Graft keeps no user profiles"),
            refused("best_of", "Graft returns every choice that it generates", "1"),
            refused("suffix", "models continue texts and do not fill gaps", "\"\""));

    private static final int MAX_TOP = 5;
    private static final int DEFAULT_MAX_TOKENS = 16;

    private TextCompletionRequest() {}

    static GenerationRequest read(BodyFields fields) {
      RequestParameter.check(PARAMETERS, fields.body());
      Integer bound = fields.whole("max_tokens", 0, Integer.MAX_VALUE);
      GenerationRequest request =
          new GenerationRequest(
              fields.model(),
              prompts(fields),
              DecodingReader.read(
                  fields,
                  fields.flag("echo"),
                  bound == null ? DEFAULT_MAX_TOKENS : bound,
                  fields.whole("logprobs", 0, MAX_TOP)));
      if (request.choices() > DecodingReader.MAX_CHOICES) {
        throw InferenceRefused.value(
            "prompt",
            "asks for %d choices in total; the maximum is %d"
                .formatted(request.choices(), DecodingReader.MAX_CHOICES));
      }
      return request;
    }

    /** Reads a text, a list of token ids, or a list of either. */
    private static List<Prompt> prompts(BodyFields fields) {
      if (!fields.has("prompt")) throw InferenceRefused.missing("prompt");
      JsonNode prompt = fields.body().path("prompt");
      Prompt one = prompt(prompt, "prompt");
      if (one != null) return List.of(one);
      List<Prompt> prompts = new ArrayList<>();
      for (int i = 0; i < prompt.size(); i++) {
        String path = "prompt[" + i + "]";
        Prompt each = prompt(prompt.get(i), path);
        if (each == null) throw notAPrompt(path);
        prompts.add(each);
      }
      if (prompts.isEmpty()) throw notAPrompt("prompt");
      return prompts;
    }

    private static @Nullable Prompt prompt(JsonNode node, String path) {
      if (node.isString()) return new Prompt.PlainText(node.stringValue());
      if (!node.isArray()) throw notAPrompt(path);
      if (!node.path(0).isNumber()) return null;
      List<Integer> ids = new ArrayList<>();
      for (int i = 0; i < node.size(); i++) {
        if (!node.get(i).isInt() || node.get(i).intValue() < 0) {
          throw InferenceRefused.value(path + "[" + i + "]", "must be a token id");
        }
        ids.add(node.get(i).intValue());
      }
      return new Prompt.TokenIds(ids);
    }

    private static InferenceRefused notAPrompt(String path) {
      return InferenceRefused.value(path, "must be a text or a list of token ids");
    }
  }

  /** Reads the fields for decoding, which chats and completions share. */
  static final class DecodingReader {
    static final int MAX_CHOICES = 128;
    private static final int MAX_STOPS = 4;

    private DecodingReader() {}

    static InferrerOrder.Decoding read(
        BodyFields fields,
        boolean echo,
        @Nullable Integer maxTokens,
        @Nullable Integer topLogprobs) {
      Integer choices = fields.whole("n", 1, MAX_CHOICES);
      return new InferrerOrder.Decoding(
          echo,
          maxTokens,
          choices == null ? 1 : choices,
          sampling(fields),
          fields.strings("stop", MAX_STOPS),
          topLogprobs);
    }

    /** A request without a seed gets a random one. */
    private static Sampling sampling(BodyFields fields) {
      Long seed = fields.whole("seed");
      return new Sampling(
          fields.number("temperature", 0, 2, 1),
          fields.number("top_p", 0, 1, 1),
          fields.number("frequency_penalty", -2, 2, 0),
          fields.number("presence_penalty", -2, 2, 0),
          logitBias(fields),
          seed == null ? ThreadLocalRandom.current().nextLong() : seed);
    }

    private static Map<Integer, Double> logitBias(BodyFields fields) {
      if (!fields.has("logit_bias")) return Map.of();
      JsonNode node = fields.body().path("logit_bias");
      if (!node.isObject()) {
        throw InferenceRefused.value(
            "logit_bias", "must be an object with token ids as keys and numbers as values");
      }
      Map<Integer, Double> bias = new HashMap<>();
      for (Map.Entry<String, JsonNode> each : node.properties()) {
        String path = "logit_bias." + each.getKey();
        if (!each.getKey().matches("0|[1-9]\\d{0,8}")) {
          throw InferenceRefused.value(path, "must have a token id as its key");
        }
        bias.put(
            Integer.valueOf(each.getKey()), BodyFields.number(each.getValue(), path, -100, 100));
      }
      return bias;
    }
  }
}
