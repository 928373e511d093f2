package dev.graft.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which characters of a rendered chat the assistant says, the token that ends its turn included. By
 * the template's own marks; where it has none, by rendering the turns before and with the answer,
 * which must both be beginnings of the whole. Used by one thread.
 */
final class AssistantSpans {
  private final ChatTemplate template;
  private final Tokenizer tokenizer;

  /** Beginnings of {@link #latest}, by their turns. */
  private final Map<Integer, ChatTemplate.Rendered> beginnings = new HashMap<>();

  private Example.@Nullable Chat latest;

  AssistantSpans(ChatTemplate template, Tokenizer tokenizer) {
    this.template = template;
    this.tokenizer = tokenizer;
  }

  ChatTemplate template() {
    return template;
  }

  private ChatTemplate.Rendered beginning(Example.Chat chat, int turns) {
    if (chat != latest) beginnings.clear();
    latest = chat;
    ChatTemplate.Rendered known = beginnings.get(turns);
    if (known == null) {
      known = template.render(chat.messages().subList(0, turns), chat.tools(), false);
      beginnings.put(turns, known);
    }
    return known;
  }

  /**
   * The chat; or, where the template writes turns otherwise when later ones follow, as those that
   * leave out earlier reasoning, chats that end with a turn that trains. Each such turn trains in
   * one of them, in which all before it is what the model sees when it is to say that turn.
   */
  List<Example.Chat> examples(Example.Chat chat) {
    List<Integer> ends = ends(chat);
    if (ends.isEmpty()) return List.of(chat);
    List<Example.Chat> examples = new ArrayList<>();
    int from = 0;
    for (int end : ends) {
      examples.add(chat.training(from, end));
      from = end;
    }
    return examples;
  }

  /** Behind turns that train and are no beginning of what follows; empty where all are. */
  private List<Integer> ends(Example.Chat chat) {
    List<Integer> ends = new ArrayList<>();
    int turns = chat.messages().size();
    int last = 0;
    try {
      for (int i = 0; i < turns; i++) {
        if (!Example.Chat.trains(chat.messages().get(i))) continue;
        if (last > 0 && !continues(chat, last, i + 1)) ends.add(last);
        last = i + 1;
      }
      if (last > 0 && (!ends.isEmpty() || !continues(chat, last, turns))) ends.add(last);
    } catch (TemplateRejected takesNoBeginnings) {
      return List.of();
    }
    return ends;
  }

  private boolean continues(Example.Chat chat, int turns, int more) {
    return turns == more || beginning(chat, more).text().startsWith(beginning(chat, turns).text());
  }

  /**
   * @throws TemplateRejected if the template leaves out what a turn calls: an empty answer would be
   *     learned. The first turn that trains is looked at, and the first without words: templates
   *     tell no others apart
   */
  ChatTemplate.Rendered render(Example.Chat chat) {
    ChatTemplate.Rendered whole = beginning(chat, chat.messages().size());
    Set<Boolean> looked = new HashSet<>();
    for (int i = 0; i < chat.messages().size(); i++) {
      Map<String, Object> turn = chat.messages().get(i);
      if (Example.Chat.callsTools(turn)
          && Example.Chat.trains(turn)
          && looked.add("".equals(turn.get("content")))
          && whole.text().equals(withoutCalls(chat, i))) {
        throw new TemplateRejected(
            "has tool calls in turn "
                + i
                + ", which the model's chat template leaves out; choose a model whose template"
                + " writes tool_calls, or write the calls into content");
      }
    }
    return whole;
  }

  /** Null where the template refuses it so. */
  private @Nullable String withoutCalls(Example.Chat chat, int turn) {
    List<Map<String, Object>> messages = new ArrayList<>(chat.messages());
    Map<String, Object> silent = new LinkedHashMap<>(messages.get(turn));
    silent.remove("tool_calls");
    messages.set(turn, silent);
    try {
      return template.render(messages, chat.tools(), false).text();
    } catch (TemplateRejected needsCalls) {
      return null;
    }
  }

  /** Ignores the labels of tokens that hold no character of a turn that trains. */
  void mask(Example.Chat chat, ChatTemplate.Rendered whole, Tokenizer.Tokens tokens, int[] labels) {
    List<int[]> spans = trained(chat, whole);
    for (int i = 0; i < labels.length; i++) {
      int start = tokens.starts()[i];
      int end = tokens.ends()[i];
      boolean inside = spans.stream().anyMatch(span -> start < span[1] && end > span[0]);
      if (!inside) labels[i] = TokenizedRow.IGNORE;
    }
  }

  /** Spans of turns whose weight is not 0. */
  private List<int[]> trained(Example.Chat chat, ChatTemplate.Rendered whole) {
    return template.marksGeneration() ? marked(chat, whole) : byPrefix(chat, whole.text());
  }

  private static List<int[]> marked(Example.Chat chat, ChatTemplate.Rendered whole) {
    List<Map<String, Object>> turns =
        chat.messages().stream().filter(m -> "assistant".equals(m.get("role"))).toList();
    Predicate<Map<String, Object>> trains = Example.Chat::trains;
    long training = turns.stream().filter(trains).count();
    if (training == turns.size()) return whole.spans();
    if (whole.spans().size() == turns.size()) {
      List<int[]> kept = new ArrayList<>();
      for (int i = 0; i < turns.size(); i++) {
        if (Example.Chat.trains(turns.get(i))) kept.add(whole.spans().get(i));
      }
      return kept;
    }
    if (whole.spans().size() == training) return whole.spans();
    throw new TemplateRejected(
        "the chat template does not mark each turn, so weight 0 has no turn");
  }

  private List<int[]> byPrefix(Example.Chat chat, String whole) {
    List<int[]> spans = new ArrayList<>();
    List<Map<String, Object>> messages = chat.messages();
    for (int i = 0; i < messages.size(); i++) {
      if (!Example.Chat.trains(messages.get(i))) continue;
      String before = template.render(messages.subList(0, i), chat.tools(), true).text();
      String with = beginning(chat, i + 1).text();
      if (!whole.startsWith(before) || !whole.startsWith(with) || with.length() < before.length()) {
        throw new TemplateRejected(
            "the chat template does not write the answer of turn "
                + i
                + " behind what asks for it, so it cannot be told from the rest");
      }
      int end = endOfTurn(with, before.length());
      spans.add(new int[] {whole.codePointCount(0, before.length()), whole.codePointCount(0, end)});
    }
    return spans;
  }

  /** Behind the last eos; without one behind the last special token; else the whole turn. */
  private int endOfTurn(String text, int from) {
    String eos = tokenizer.eosToken();
    int end = eos == null ? -1 : endOf(eos, text, from);
    for (String token : tokenizer.specialTokens()) {
      if (eos == null || endOf(eos, text, from) < 0) end = Math.max(end, endOf(token, text, from));
    }
    return end < 0 ? text.length() : end;
  }

  private static int endOf(String token, String text, int from) {
    int at = text.lastIndexOf(token);
    return at < from ? -1 : at + token.length();
  }
}
