package dev.graft.inference.child;

import dev.graft.text.BadTokenizer;
import dev.graft.text.ChatTemplate;
import dev.graft.text.TemplateRejected;
import dev.graft.text.TokenBytes;
import dev.graft.text.Tokenizer;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Tokenizer, chat template and stop tokens of a model directory. */
final class ModelText implements ChatText {
  private final Path model;
  private final Tokenizer tokenizer;
  private final @Nullable ChatTemplate template;
  private final String whyNoChats;
  private final Set<Integer> stopIds;

  /** Read when somebody asks for log-probabilities. */
  private @Nullable TokenBytes tokenBytes;

  /**
   * @throws RuntimeException of text or weights, saying which file is missing or broken
   */
  ModelText(Path model) {
    this.model = model;
    tokenizer = Tokenizer.load(model);
    ChatTemplate read = null;
    String why = "";
    try {
      read = tokenizer.chatTemplate(Tokenizer.PINNED_DATE);
    } catch (BadTokenizer | TemplateRejected unusable) {
      why = String.valueOf(unusable.getMessage());
    }
    template = read;
    whyNoChats = why;
    try (ModelDirectory directory = ModelDirectory.open(model)) {
      stopIds = new LinkedHashSet<>(directory.config().eosTokenIds());
    }
    String eos = tokenizer.eosToken();
    if (eos != null) tokenizer.id(eos).ifPresent(stopIds::add);
  }

  @Override
  public int[] conversation(List<Prompt.Turn> conversation) {
    if (template == null) {
      throw new PromptRefused(
          Reply.Cause.INVALID_PROMPT,
          "model",
          "This model takes no chats: %s. POST /v1/completions continues texts with it."
              .formatted(whyNoChats));
    }
    List<Map<String, Object>> turns = new ArrayList<>();
    for (Prompt.Turn turn : conversation) {
      refuseControlTokens(turn.content(), "messages[" + turns.size() + "].content");
      turns.add(Map.of("role", turn.role(), "content", turn.content()));
    }
    try {
      return tokenizer.ids(template.render(turns, null, true).text());
    } catch (TemplateRejected rejected) {
      throw new PromptRefused(
          Reply.Cause.INVALID_PROMPT,
          "messages",
          "The model's chat template does not take these messages: " + rejected.getMessage());
    }
  }

  @Override
  public Plain plain(String text) {
    int[] own = tokenizer.ids(text);
    String first = tokenizer.addsBos() || own.length == 0 ? tokenizer.bosToken() : null;
    if (first == null && own.length == 0) first = tokenizer.eosToken();
    if (first == null || text.startsWith(first)) return new Plain(own, 0);
    Optional<Integer> id = tokenizer.id(first);
    if (id.isEmpty()) return new Plain(own, 0);
    int[] ids = IntStream.concat(IntStream.of(id.get()), IntStream.of(own)).toArray();
    return new Plain(ids, 1);
  }

  /** A turn that could write control tokens could speak in another's name. */
  private void refuseControlTokens(String content, String param) {
    tokenizer
        .specialTokenIn(content)
        .ifPresent(
            token -> {
              throw new PromptRefused(
                  Reply.Cause.INVALID_PROMPT,
                  param,
                  "'%s' holds %s, which is a control token of this model.".formatted(param, token));
            });
  }

  @Override
  public String decode(int[] ids) {
    return tokenizer.decode(ids, true);
  }

  @Override
  public byte[] bytes(int id) {
    if (tokenBytes == null) tokenBytes = TokenBytes.read(model);
    return tokenBytes.of(id);
  }

  @Override
  public Set<Integer> stopIds() {
    return stopIds;
  }
}
