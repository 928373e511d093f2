package dev.graft.text;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds special tokens of a model that a row's own text would become. */
final class SpecialTokens {
  private SpecialTokens() {}

  static Optional<String> in(Example example, Tokenizer tokenizer) {
    return switch (example) {
      case Example.Chat chat -> in(tokenizer, chat.messages(), chat.tools());
      case Example.ChatPromptCompletion chat ->
          in(tokenizer, chat.prompt(), chat.completion(), chat.tools());
      case Example.PromptCompletion pair -> in(tokenizer, pair.prompt(), pair.completion());
      case Example.Text text -> in(tokenizer, text.text());
      case Example.Labelled labelled -> in(tokenizer, labelled.text());
      case Example.PreferencePair pair ->
          in(pair.chosen(), tokenizer).or(() -> in(pair.rejected(), tokenizer));
    };
  }

  private static Optional<String> in(Tokenizer tokenizer, @Nullable Object... values) {
    Deque<Object> open = new ArrayDeque<>();
    add(open, Arrays.asList(values));
    while (!open.isEmpty()) {
      switch (open.remove()) {
        case Map<?, ?> map -> add(open, map.values());
        case List<?> list -> add(open, list);
        case String text -> {
          Optional<String> token = tokenizer.specialTokenIn(text);
          if (token.isPresent()) return token;
        }
        default -> {}
      }
    }
    return Optional.empty();
  }

  private static void add(Deque<Object> open, Iterable<? extends @Nullable Object> values) {
    for (@Nullable Object value : values) {
      if (value != null) open.add(value);
    }
  }
}
